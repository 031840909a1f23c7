/**
 * Judges a transcript as JOS's gradelib does (`assert_lines_match`): every expected pattern has to match the beginning of
 * some line, no forbidden one may match any. A failure is marked in the transcript, two lines of context around each mark.
 */
import pc from 'picocolors';

export interface Expectation {
  /** Regular expressions, anchored at the beginning of a line as Python's `re.match`. */
  readonly expect: readonly string[];
  readonly forbid: readonly string[];
}

export interface Judgement {
  readonly passed: boolean;
  /** Expected patterns no line matched. */
  readonly missing: readonly string[];
  /** The transcript with marks, without colour codes where colour is off; empty when passed. */
  readonly report: string;
}

const CONTEXT = 2;
const TAIL = 5;

export function judge(transcript: string, { expect, forbid }: Expectation): Judgement {
  const lines = splitLines(transcript);
  const forbidden = forbid.map(anchored);
  let open = expect.map((pattern) => ({ pattern, regex: anchored(pattern) }));
  const good = new Set<number>();
  const bad = new Set<number>();
  for (const [i, line] of lines.entries()) {
    const rest = open.filter(({ regex }) => !regex.test(line));
    if (rest.length < open.length) good.add(i);
    open = rest;
    if (forbidden.some((regex) => regex.test(line))) bad.add(i);
  }
  const missing = open.map(({ pattern }) => pattern);
  const passed = missing.length === 0 && bad.size === 0;
  return { passed, missing, report: passed ? '' : mark(lines, good, bad, missing) };
}

function mark(lines: readonly string[], good: Set<number>, bad: Set<number>, missing: readonly string[]): string {
  const shown = new Set<number>();
  for (const line of [...good, ...bad])
    for (let offset = -CONTEXT; offset <= CONTEXT; offset++) shown.add(line + offset);
  if (missing.length > 0) for (let i = lines.length - TAIL; i < lines.length; i++) shown.add(i);

  const out: string[] = [];
  let last = -1;
  for (const i of [...shown].filter((line) => line >= 0 && line < lines.length).sort((a, b) => a - b)) {
    if (i !== last + 1) out.push('...');
    last = i;
    out.push(`${bad.has(i) ? pc.red('BAD ') : good.has(i) ? pc.green('GOOD') : '    '} ${lines[i]}`);
  }
  if (last !== lines.length - 1) out.push('...');
  if (bad.size > 0) out.push('unexpected lines in output');
  for (const pattern of missing) out.push(`${pc.red('MISSING')} '${pattern}'`);
  return out.join('\n');
}

function splitLines(text: string): string[] {
  const lines = text.split(/\r\n|\n|\r/);
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

const anchored = (pattern: string): RegExp => new RegExp(`^(?:${pattern})`);
