/**
 * From the text of an expression to something that runs: names, types and offsets are settled once, per place in the
 * code; what is left is reads and arithmetic. A breakpoint's condition is compiled when the breakpoint is bound.
 *
 * Invariant: nothing is written unless `allowAssignment` was given; every failure has a cause and a remedy.
 */
import { builtinType, i386Registers, makePointer, resolved } from '../debug-info/index.ts';
import type { FunctionScope, FunctionType, Result, Type, Variable } from '../debug-info/index.ts';
import { addressNode, decayed, dereference, indexNode, isVariant, memberNode, methodNode, textOf } from './access.ts';
import type { CompileOptions, Compiled, InspectionContext, NameScope, Value } from './api.ts';
import { assignNode } from './assign-node.ts';
import { EvaluationError, guarded, unwrap } from './evaluation-error.ts';
import { factNode } from './facts.ts';
import { encodeUtf8, integerLiteral, stringLiteral } from './literals.ts';
import { entryNode, mapBehind } from './map-index.ts';
import {
  bigintNode,
  integerNode,
  memoryNode,
  numberNode,
  toBigint,
  toNumber,
  truthOf,
  typeOfNumeric,
  valueNode,
} from './nodes.ts';
import type { Get, Node } from './nodes.ts';
import { numericType } from './numbers.ts';
import { binaryNode, sizeOf, unaryNode } from './operators.ts';
import { parseExpression } from './parser.ts';
import type { Tree } from './parser.ts';
import { repeatNode, sliceNode } from './ranges.ts';
import type { RangeOptions } from './ranges.ts';
import { innerScalar } from './rust-layout.ts';
import { readRegister, registerNode } from './registers.ts';
import { partValue, valueOfVariable } from './value.ts';

export function compileExpression(text: string, scope: NameScope, options: CompileOptions = {}): Result<Compiled> {
  return guarded(() => {
    const tree = parseExpression(text, scope.language, {
      isType: (name) =>
        /^\w+$/.test(name) && scope.lookup(name) !== undefined
          ? false
          : new Compiler(scope, options).typeNamed(name) !== undefined,
    });
    const compiler = new Compiler(scope, options);
    const node = compiler.node(tree);
    const space = compiler.spaceOfReferences();
    const evaluateName = nameOf(tree, text.trim(), compiler.assigns);
    let truth: Get<boolean> | undefined;
    return {
      type: node.type,
      assigns: compiler.assigns,
      evaluate: (context) => guarded(() => ({ ...node.value(inSpace(context, space)), evaluateName })),
      test: (context) => {
        try {
          truth ??= truthOf(node);
          return truth(space === undefined ? context : inSpace(context, space)) ? isTrue : isFalse;
        } catch (error) {
          return guarded(() => {
            throw error;
          });
        }
      },
    };
  });
}

/** What was assigned to, for an assignment; nothing where only another write would give the value again. */
function nameOf(tree: Tree, text: string, assigns: boolean): string | undefined {
  if (!assigns) return text;
  return tree.kind === 'assign' && !tree.isPostfix ? tree.targetText : undefined;
}

const WORDS_MAX = 60;

function inSpace(context: InspectionContext, space: string | undefined): InspectionContext {
  if (space === undefined) return context;
  if (context.inSpace) return unwrap(context.inSpace(space));
  throw new EvaluationError('space-unknown', `There is no space ${space} here.`, 'Leave the space out.');
}

const isTrue: Result<boolean> = { ok: true, value: true };
const isFalse: Result<boolean> = { ok: true, value: false };

/** Compiles for one evaluation, where memory may decide what the types leave open. */
export function evaluateExpression(
  text: string,
  scope: NameScope,
  context: InspectionContext,
  options: CompileOptions = {},
): Result<Value> {
  const compiled = compileExpression(text, scope, { ...options, context });
  return compiled.ok ? compiled.value.evaluate(context) : compiled;
}

class Compiler {
  readonly #scope: NameScope;
  readonly #options: CompileOptions;
  readonly #language: 'c' | 'rust';

  /** What the expression reads: spaces of memory references, and variables of the frame. */
  readonly #spaces = new Set<string>();
  readonly #locals = new Set<string>();

  /** Whether what has been compiled writes something. */
  assigns = false;

  constructor(scope: NameScope, options: CompileOptions) {
    this.#scope = scope;
    this.#options = options;
    this.#language = scope.language;
  }

  /**
   * All memory that an expression with a memory reference reads is in that reference's space.
   * @throws EvaluationError where that would be two spaces, or not the space of a local variable
   */
  spaceOfReferences(): string | undefined {
    const [space, second] = this.#spaces;
    if (second !== undefined) {
      throw new EvaluationError(
        'two-spaces',
        `${space!} and ${second} are two address spaces.`,
        'Evaluate them one by one.',
      );
    }
    const [local] = this.#locals;
    if (space === undefined || local === undefined) return space;
    throw new EvaluationError(
      'two-spaces',
      `“${local}” is a local of this frame, and not in the space ${space}.`,
      `Write its value or its address, such as ${space}:0x00800000.`,
    );
  }

  node(tree: Tree): Node {
    switch (tree.kind) {
      case 'reference':
        this.#spaces.add(tree.space);
        return integerNode(
          makePointer(this.#builtin(this.#language === 'c' ? 'unsigned char' : 'u8'), this.#language),
          tree.address,
          false,
        );
      case 'integer':
        return integerLiteral(tree.value, tree.suffix, tree.isDecimal, this.#language);
      case 'float': {
        const isSingle = tree.suffix === 'f' || tree.suffix === 'f32';
        const { value } = tree;
        return numberNode(
          typeOfNumeric({ kind: 'float', bits: isSingle ? 32 : 64, signed: true }, this.#language),
          () => value,
        );
      }
      case 'character': {
        const name = this.#language === 'c' ? 'char' : tree.isByte ? 'u8' : 'char';
        return integerNode(this.#builtin(name), tree.value, false);
      }
      case 'string':
        return stringLiteral(tree.text, this.#language);
      case 'name':
        return this.#name(tree.path);
      case 'register':
        return this.#scope.factNamed?.(tree.name) === 'plain'
          ? factNode(tree.name, undefined, this.#language)
          : registerNode(tree.name, this.#scope);
      case 'fact':
        return this.#factOf(tree.name, this.node(tree.argument));
      case 'unary':
        if (tree.operator === '*')
          return dereference(decayed(this.node(tree.operand), this.#language), this.#language, this.#options.context);
        if (tree.operator === '&') return addressNode(this.node(tree.operand), this.#language);
        return unaryNode(tree.operator, decayed(this.node(tree.operand), this.#language), this.#language);
      case 'binary':
        return this.#binary(tree);
      case 'conditional':
        return this.#conditional(tree);
      case 'cast':
        return this.#cast(this.node(tree.operand), this.#typeNamed(tree.typeName));
      case 'member':
        return memberNode(this.#objectOf(tree), tree.name, this.#options.context, this.#language);
      case 'method':
        return methodNode(
          this.node(tree.object),
          tree.name,
          this.#builtin('bool'),
          this.#builtin(this.#language === 'c' ? 'unsigned int' : 'usize'),
        );
      case 'index':
        return this.#index(tree);
      case 'slice':
        return sliceNode(
          this.node(tree.object),
          tree.from && this.node(tree.from),
          tree.to && this.node(tree.to),
          tree.inclusive,
          this.#rangeOptions(),
        );
      case 'repeat':
        return repeatNode(this.node(tree.object), this.node(tree.count), this.#rangeOptions());
      case 'assign':
        return this.#assign(tree);
      case 'size': {
        const type = tree.typeName === undefined ? this.node(tree.operand!).type : this.#typeNamed(tree.typeName);
        if (type === undefined) throw new EvaluationError('size-unknown', 'Its size is not known.', 'Name a type.');
        const size = BigInt(sizeOf(type));
        return integerNode(this.#builtin(this.#language === 'c' ? 'unsigned int' : 'usize'), size, false);
      }
    }
  }

  /** C17 §6.5.2.3: `->` takes a pointer, which an array becomes. */
  #objectOf({ object, isArrow }: Tree & { kind: 'member' }): Node {
    const node = this.node(object);
    return isArrow ? decayed(node, this.#language) : node;
  }

  #index({ object, index, text }: Tree & { kind: 'index' }): Node {
    const node = this.node(object);
    const map = mapBehind(node);
    if (map === undefined) return indexNode(node, this.#indexOf(index));
    const key = guarded(() => this.#indexOf(index));
    if (key.ok) return entryNode(map, scalarOf(key.value), text);
    const { id, cause, remedy } = key.failure;
    return entryNode(map, new EvaluationError(id, cause, remedy), text);
  }

  #indexOf(index: Tree | EvaluationError): Node {
    if (index instanceof EvaluationError) throw index;
    return this.node(index);
  }

  #rangeOptions(): RangeOptions {
    return { language: this.#language, context: this.#options.context };
  }

  #builtin(name: string): Type {
    return builtinType(name, this.#language)!;
  }

  #name(path: string): Node {
    const found = this.#scope.lookup(path);
    if (found !== undefined && 'kind' in found && (found.kind === 'local' || found.kind === 'parameter'))
      this.#locals.add(path);
    if (found !== undefined) return this.#found(found);
    switch (path) {
      case 'true':
      case 'false':
        return integerNode(this.#builtin('bool'), path === 'true' ? 1n : 0n, false);
      case 'NULL':
      case 'nullptr':
      case 'null':
        return numberNode(makePointer(undefined, 'c'), () => 0);
      default:
    }
    const enumerator = this.#enumerator(path);
    if (enumerator !== undefined) return enumerator;
    const symbol = this.#scope.symbolNamed?.(path);
    if (symbol !== undefined)
      return memoryNode(this.#builtin(this.#language === 'c' ? 'unsigned int' : 'u32'), () => symbol);
    throw new EvaluationError(
      'name-unknown',
      `Nothing named “${path}” is visible here.`,
      'Check the spelling; name statics of other modules with their path, and locals where they are in scope.',
    );
  }

  #found(found: Exclude<ReturnType<NameScope['lookup']>, undefined>): Node {
    if ('value' in found) {
      const { value } = found;
      return value.place.kind === 'memory'
        ? memoryNode(value.type, constant(value.place.address))
        : valueNode(value.type, () => value);
    }
    return 'locate' in found ? variableNode(found, this.#scope.pc) : functionNode(found, this.#language);
  }

  /** `Color::Blue`; `BLUE` of C needs its enum beside it, which comparison and assignment give. */
  #enumerator(path: string): Node | undefined {
    const cut = path.lastIndexOf('::');
    if (cut < 0) return undefined;
    const type = this.#scope.typeNamed(path.slice(0, cut));
    return enumeratorOf(type, path.slice(cut + 2));
  }

  /** `$pte(address)`: of a number, or of what a pointer points at. */
  #factOf(name: string, argument: Node): Node {
    if (this.#scope.factNamed?.(name) !== 'of-address') {
      throw new EvaluationError(
        'register-unknown',
        `$${name} does not take an address.`,
        'What does: $pte(address), $phys(address).',
      );
    }
    const address = scalarOf(decayed(argument, this.#language));
    if (address.numeric === undefined || address.numeric.kind === 'float') {
      throw new EvaluationError(
        'not-an-integer',
        `A value of type ${argument.type?.name ?? 'void'} is no address.`,
        `Take its address: $${name}(&x).`,
      );
    }
    const unsigned = { kind: 'integer', bits: 32, signed: false } as const;
    return factNode(name, toNumber(address, unsigned), this.#language);
  }

  #binary(tree: Tree & { kind: 'binary' }): Node {
    if (tree.operator === '==' || tree.operator === '!=') {
      const special = this.#equality(tree.left, tree.right) ?? this.#equality(tree.right, tree.left);
      if (special !== undefined) {
        const isEqual = tree.operator === '==' ? 1 : 0;
        return numberNode(this.#builtin(this.#language === 'c' ? 'int' : 'bool'), (context) =>
          special(context) ? isEqual : 1 - isEqual,
        );
      }
    }
    const [left, right] = [this.#operand(tree.left, tree.right), this.#operand(tree.right, tree.left)];
    return binaryNode(tree.operator, left, right, this.#language);
  }

  /** A side of an operator; a bare name may be an enumerator of the other side's type, a newtype is its number. */
  #operand(tree: Tree, other: Tree): Node {
    const word = this.#wordBeside(tree, other);
    if (word !== undefined) return word;
    if (tree.kind === 'name' && this.#scope.lookup(tree.path) === undefined && other.kind !== 'name') {
      const enumerator = enumeratorOf(this.#typeOf(other), tree.path);
      if (enumerator !== undefined) return enumerator;
    }
    if (tree.kind === 'name' && other.kind === 'name' && this.#scope.lookup(tree.path) === undefined) {
      const enumerator = enumeratorOf(this.#typeOf(other), tree.path);
      if (enumerator !== undefined) return enumerator;
    }
    return scalarOf(decayed(this.node(tree), this.#language));
  }

  /** @throws EvaluationError where only some words may stand, and this is none of them */
  #wordBeside(tree: Tree, other: Tree): Node | undefined {
    const text = tree.kind === 'name' ? tree.path : tree.kind === 'string' ? tree.text : undefined;
    if (text === undefined || other.kind !== 'name') return undefined;
    const beside = this.#scope.lookup(other.path);
    if (beside === undefined || !('value' in beside) || beside.word === undefined) return undefined;
    const enumerator = enumeratorOf(beside.value.type, text);
    if (enumerator !== undefined) return enumerator;
    const own = tree.kind === 'name' ? this.#scope.lookup(text) : undefined;
    if (own !== undefined && 'value' in own) return undefined;
    const type = resolved(beside.value.type);
    const words = type?.kind === 'enum' ? type.enumerators.map(({ name }) => name) : [];
    throw new EvaluationError(
      'word-unknown',
      `“${text}” is not ${beside.word}.`,
      words.length === 0 ? 'Compare with a number.' : `Known are ${words.slice(0, WORDS_MAX).join(', ')}.`,
    );
  }

  #typeOf(tree: Tree): Type | undefined {
    const compiled = guarded(() => this.node(tree).type);
    return compiled.ok ? compiled.value : undefined;
  }

  /** `text == "abc"`, `option == None`: what is equal though it is no number. */
  #equality(side: Tree, other: Tree): Get<boolean> | undefined {
    const fact = other.kind === 'string' || other.kind === 'name' ? this.#factOrNothing(side) : undefined;
    if (fact !== undefined) return this.#factEquality(fact, other);
    if (other.kind === 'string') {
      const text = textOf(this.node(side));
      if (text === undefined) return undefined;
      const wanted = encodeUtf8(other.text);
      return (context) => {
        const bytes = text(context);
        return bytes?.length === wanted.length && bytes.every((byte, index) => byte === wanted[index]);
      };
    }
    if (other.kind !== 'name' || this.#scope.lookup(other.path) !== undefined) return undefined;
    const object = guarded(() => this.node(side));
    return object.ok ? isVariant(object.value, other.path.split('::').pop()!) : undefined;
  }

  #factOrNothing(tree: Tree): Node | undefined {
    if (tree.kind === 'member') return this.#factOrNothing(tree.object) === undefined ? undefined : this.node(tree);
    if (tree.kind !== 'register' && tree.kind !== 'fact') return undefined;
    const node = guarded(() => this.node(tree));
    return node.ok && node.value.fact !== undefined ? node.value : undefined;
  }

  /** `$env.program == hello`, `$syscall.name == "sys_yield"`: words by their text, with quotes or without; numbers as numbers. */
  #factEquality(node: Node, other: Tree): Get<boolean> {
    const word = other.kind === 'string' ? other.text : other.kind === 'name' ? other.path : '';
    const number = guarded(() => toNumber(scalarOf(this.node(other)), { kind: 'integer', bits: 32, signed: false }));
    return (context) => {
      const fact = node.fact!(context);
      if (fact.word !== undefined) return fact.word === word;
      return node.number!(context) === unwrap(number)(context);
    };
  }

  #conditional(tree: Tree & { kind: 'conditional' }): Node {
    const test = truthOf(this.node(tree.test));
    const [then, otherwise] = [this.node(tree.then), this.node(tree.otherwise)];
    const choose =
      <T>(a: Get<T>, b: Get<T>): Get<T> =>
      (context) =>
        test(context) ? a(context) : b(context);
    if (then.number !== undefined && otherwise.number !== undefined && then.type !== undefined) {
      const type = then.literal !== undefined ? (otherwise.type ?? then.type) : then.type;
      const numeric = numericType(type)!;
      return numberNode(type, choose(toNumber(then, numeric), toNumber(otherwise, numeric)));
    }
    return valueNode(then.type, choose(then.value, otherwise.value));
  }

  typeNamed(name: string): Type | undefined {
    const type = this.#scope.typeNamed(name);
    if (type !== undefined) return type;
    const text = name.trim();
    // Pointers to the language's own types need no debug information.
    if (/\*$/.test(text)) {
      const target = text.slice(0, -1).trim();
      if (target === 'void') return makePointer(undefined, 'c');
      const inner = this.typeNamed(target);
      return inner && makePointer(inner, 'c');
    }
    return builtinType(text, this.#language);
  }

  #typeNamed(name: string): Type {
    const type = this.typeNamed(name);
    if (type !== undefined) return type;
    throw new EvaluationError(
      'type-unknown',
      `There is no type “${name.replace(/[\s*]+$/, '')}” in this program.`,
      'Check the spelling; name it with its path (env::Env) or keyword (struct env).',
    );
  }

  #cast(operand: Node, type: Type): Node {
    const numeric = numericType(type);
    const source = scalarOf(decayed(operand, this.#language));
    if (numeric !== undefined && source.numeric !== undefined) {
      if (numeric.bits > 32 && numeric.kind !== 'float') return bigintNode(type, toBigint(source, numeric));
      return numberNode(type, toNumber(source, numeric));
    }
    if (numeric?.kind === 'pointer' && operand.address !== undefined && resolved(operand.type)?.kind === 'array')
      return numberNode(type, operand.address);
    // The bytes of a struct seen as another type of no more bytes.
    if (numeric === undefined && operand.address !== undefined && type.sizeBytes <= (operand.type?.sizeBytes ?? 0))
      return memoryNode(type, operand.address);
    throw new EvaluationError(
      'cast-impossible',
      `A value of type ${operand.type?.name ?? 'void'} cannot be cast to ${type.name}.`,
      'Take its address and cast that: *(T*)&x, *(&x as *const T).',
    );
  }

  #assign(tree: Tree & { kind: 'assign' }): Node {
    if (this.#options.allowAssignment !== true) {
      throw new EvaluationError(
        'assignment-not-allowed',
        'This expression may look, but not change anything.',
        'Write “==” to compare; assign in the Debug Console.',
      );
    }
    this.assigns = true;
    const target = scalarOf(this.node(tree.target));
    const source = this.#operand(tree.value, tree.target);
    return assignNode(target, source, tree.isPostfix === true);
  }
}

function constant(value: number): Get<number> {
  return () => value;
}

/** Where the debug information says “a register plus an offset”, nothing of it is looked at again when it runs. */
function variableNode(variable: Variable, pc: number): Node {
  const simple = variable.simpleLocation(pc);
  const { type } = variable;
  switch (simple?.kind) {
    case 'address':
      return memoryNode(type, constant(simple.address));
    case 'register-offset': {
      const read = readRegister(i386Registers[simple.register] ?? `r${simple.register}`, simple.register);
      const { offset } = simple;
      return memoryNode(type, (context) => (read(context) + offset) >>> 0);
    }
    default:
      return valueNode(type, (context) => valueOfVariable(variable, context));
  }
}

function functionNode(found: FunctionScope, language: 'c' | 'rust'): Node {
  const type: FunctionType = {
    kind: 'function',
    id: 0,
    name: found.qualifiedName,
    sizeBytes: 0,
    language,
    returns: found.returnType,
    parameters: found.parameters.map((parameter) => parameter.type),
    variadic: false,
  };
  return memoryNode(type, constant(found.entry));
}

function enumeratorOf(type: Type | undefined, path: string): Node | undefined {
  const plain = resolved(type);
  if (plain?.kind !== 'enum') return undefined;
  const name = path.split('::').pop()!;
  const enumerator = plain.enumerators.find((candidate) => candidate.name === name);
  return enumerator && integerNode(plain, enumerator.value, false);
}

/** The number in a struct that holds nothing else: `EnvId(5) == 5`. */
function scalarOf(node: Node): Node {
  const type = resolved(node.type);
  if (type?.kind !== 'struct' || type.language !== 'rust') return node;
  const scalar = innerScalar(type);
  if (scalar === undefined) return node;
  const { address } = node;
  if (address !== undefined) return memoryNode(scalar.type, (context) => (address(context) + scalar.offset) >>> 0);
  return valueNode(scalar.type, (context) => partValue(node.value(context), scalar.type, scalar.offset));
}
