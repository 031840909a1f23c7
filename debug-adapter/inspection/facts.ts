/**
 * What the machine and its operating system know, as expressions and views use it: `$env.runs`, `$pte(a) & 2`.
 *
 * Invariant: a fact is asked for each time the expression runs; nothing of it is kept.
 */
import { builtinType } from '../debug-info/index.ts';
import type { Child, Fact, InspectionContext, Value } from './api.ts';
import { EvaluationError, unwrap } from './evaluation-error.ts';
import { numberNode } from './nodes.ts';
import type { Get, Node } from './nodes.ts';
import { bigToBytes } from './numbers.ts';
import type { Shower, View } from './view.ts';

export function factNode(name: string, argument: Get<number> | undefined, language: 'c' | 'rust'): Node {
  return nodeOf((context) => {
    if (context.fact === undefined)
      throw new EvaluationError(
        'no-machine',
        `$${name} needs a machine, and there is none here.`,
        'Ask for it in a frame of a run.',
      );
    return unwrap(context.fact(name, argument?.(context)));
  }, language);
}

function nodeOf(fact: Get<Fact>, language: 'c' | 'rust'): Node {
  const type = builtinType(language === 'c' ? 'unsigned int' : 'u32', language)!;
  const number: Get<number> = (context) => {
    const found = fact(context);
    if (found.number !== undefined) return found.number >>> 0;
    throw new EvaluationError('not-a-number', `${found.text} is not a number.`, fieldsRemedy(found));
  };
  return {
    ...numberNode(type, number),
    fact,
    value: (context) => factValue(fact(context), context),
  };
}

/** `$env.program` */
export function factField(object: Node, name: string, language: 'c' | 'rust'): Node {
  return nodeOf((context) => {
    const whole = object.fact!(context);
    const field = whole.fields?.get(name);
    if (field !== undefined) return field;
    throw new EvaluationError('no-such-field', `${whole.text} has no field “${name}”.`, fieldsRemedy(whole));
  }, language);
}

function fieldsRemedy({ fields }: Fact): string {
  const names = fields?.names ?? [];
  return names.length === 0 ? 'It has no fields.' : `Its fields are ${names.join(', ')}.`;
}

function factValue(fact: Fact, context: InspectionContext, evaluateName?: string): Value {
  const bytes = bigToBytes(BigInt(fact.number ?? 0), fact.number === undefined ? 0 : 4);
  return { type: undefined, place: { kind: 'bytes', bytes }, context, fact, evaluateName };
}

export function factView(value: Value, fact: Fact, { hex }: Shower): View {
  const { fields } = fact;
  const names = fields?.names ?? [];
  const isPlainNumber = fact.number !== undefined && fact.text === String(fact.number);
  return {
    write: (out) => out.write(hex && isPlainNumber ? `0x${fact.number.toString(16)}` : fact.text),
    indexed: 0,
    named: () =>
      names.map((name): Child => {
        const evaluateName = value.evaluateName === undefined ? undefined : `${value.evaluateName}.${name}`;
        return { name, value: factValue(fields!.get(name)!, value.context, evaluateName), kind: 'field' };
      }),
    namedCount: names.length,
    memoryReference: fact.isPhysical === true ? fact.number : undefined,
  };
}
