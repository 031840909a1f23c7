/**
 * The grading cases as data: guest/grade/cases.json, whose README tells what each field means.
 * A mistake in the file is told with the case it is in.
 */
import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { failure, success, type Result } from '../../emulator/result.ts';

const Lines = v.optional(v.array(v.string()), []);

const CaseSchema = v.strictObject({
  /** Names the case on the command line and in reports; unique. */
  name: v.pipe(v.string(), v.nonEmpty()),
  /** User program to run; null for the kernel's monitor. */
  program: v.nullable(v.pipe(v.string(), v.nonEmpty())),
  /** The modules; by default the program alone. */
  modules: v.optional(v.array(v.string())),
  /** Words behind the program's name on the kernel's command line. */
  options: Lines,
  /** What to type on COM1, each text as soon as its pattern has appeared behind the one before. */
  input: v.optional(v.array(v.strictObject({ after: v.string(), text: v.string() })), []),
  /** Ends the run when it appears behind the last input. */
  until: v.optional(v.string()),
  part: v.pipe(v.string(), v.nonEmpty()),
  points: v.pipe(v.number(), v.integer(), v.minValue(0)),
  /** Instructions until it must have ended. */
  budget: v.pipe(v.number(), v.integer(), v.minValue(1)),
  /** Regular expressions, each of which begins some line. */
  expect: Lines,
  /** Regular expressions that begin no line. */
  forbid: Lines,
  /** What the guest has to write to isa-debug-exit. */
  verdict: v.optional(v.pipe(v.number(), v.integer())),
});

const CasesSchema = v.strictObject({ cases: v.array(CaseSchema) });

export type GradeCase = v.InferOutput<typeof CaseSchema>;

export function readCases(path: string): Result<readonly GradeCase[]> {
  const remedy = 'See guest/grade/README.md for the format.';
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    return failure('grade-cases', { cause: `${path} cannot be read: ${(error as Error).message}.`, remedy });
  }
  const parsed = v.safeParse(CasesSchema, json);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    return failure('grade-cases', { cause: `${path}, ${v.getDotPath(issue) ?? 'top'}: ${issue.message}.`, remedy });
  }
  return success(parsed.output.cases);
}
