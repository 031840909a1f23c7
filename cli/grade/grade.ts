/** What `ringside grade` does: runs the chosen cases, prints verdicts and score, and writes them for other tools. */
import { join } from 'node:path';
import pc from 'picocolors';
import type { GuestImageFiles } from '../../debug-adapter/launch/files.ts';
import { failure, success, type Failure, type Result } from '../../emulator/result.ts';
import { STATUS } from '../exit-status.ts';
import { writeUserFile } from '../files.ts';
import { openGuestImage } from '../image.ts';
import { formatFailure, thousands } from '../report.ts';
import { readCases, type GradeCase } from './cases.ts';
import type { GradeFlags } from './command.ts';
import { gradeCase, type Graded } from './grader.ts';
import { junitXml, type JunitCase } from './junit.ts';
import { findQemu } from './qemu.ts';

/** @returns the exit status */
export async function grade(names: readonly string[], flags: GradeFlags): Promise<number> {
  const prepared = await prepare(names, flags);
  if (!prepared.ok) return fail(prepared.failure);
  const { image, cases } = prepared.value;
  const graded: Graded[] = [];
  let part: string | undefined;
  for (const each of cases) {
    if (part !== undefined && part !== each.part) print(partScore(part, graded));
    part = each.part;
    process.stdout.write(`${each.name}: `);
    const result = await gradeCase(each, image, { memoryBytes: flags.memory * 2 ** 20, qemu: flags.qemu === true });
    graded.push(result);
    print(verdictLine(result));
    if (flags.verbose) print(indent(transcriptOf(result)));
    if (result.problem !== undefined) print(indent(result.problem));
  }
  if (part !== undefined) print(partScore(part, graded));
  print(`Score: ${score(graded)}`);
  if (flags.junit !== undefined) {
    const written = writeUserFile(flags.junit, junitXml('ringside', graded.map(junitCase)));
    if (!written.ok) return fail(written.failure);
  }
  return graded.every(({ problem }) => problem === undefined) ? STATUS.ok : 1;
}

function fail(why: Failure): number {
  process.stderr.write(formatFailure(why));
  return STATUS.usage;
}

async function prepare(
  names: readonly string[],
  flags: GradeFlags,
): Promise<Result<{ image: GuestImageFiles; cases: readonly GradeCase[] }>> {
  const image = await openGuestImage();
  if (!image.ok) return image;
  if (flags.qemu) {
    const qemu = findQemu();
    if (!qemu.ok) return qemu;
  }
  const all = readCases(flags.cases ?? join(image.value.sourceRoot ?? '.', 'grade', 'cases.json'));
  if (!all.ok) return all;
  const unknown = names.find((name) => !all.value.some((each) => each.name === name));
  if (unknown !== undefined) {
    return failure('unknown-case', {
      cause: `There is no grading case "${unknown}".`,
      remedy: `There are ${all.value.map((each) => each.name).join(', ')}.`,
    });
  }
  const unknownPart = flags.part?.find((part) => !all.value.some((each) => each.part === part));
  if (unknownPart !== undefined) {
    return failure('unknown-part', {
      cause: `There is no part "${unknownPart}".`,
      remedy: `There are ${[...new Set(all.value.map((each) => each.part))].join(', ')}.`,
    });
  }
  const chosen = (each: GradeCase): boolean =>
    (names.length === 0 || names.includes(each.name)) && (!flags.part || flags.part.includes(each.part));
  const cases = all.value.filter(chosen);
  if (cases.length === 0) {
    return names.length === 0
      ? failure('no-case', { cause: 'The file has no cases.', remedy: 'See guest/grade/README.md for the format.' })
      : failure('no-case', {
          cause: 'There is no case to run: none of those named is in such a part.',
          remedy: 'Leave out the names or --part.',
        });
  }
  return success({ image: image.value, cases });
}

function transcriptOf({ outcome }: Graded): string {
  const count = outcome.instructions === undefined ? '' : `, ${thousands(outcome.instructions)} instructions`;
  return `${outcome.transcript.trimEnd()}\n(${outcome.end}${count})`;
}

function verdictLine({ outcome, problem }: Graded): string {
  const verdict = problem === undefined ? pc.green('OK') : pc.red('FAIL');
  return `${verdict} (${outcome.seconds.toFixed(1)}s)`;
}

function score(graded: readonly Graded[]): string {
  const sum = (some: readonly Graded[]): number => some.reduce((total, { each }) => total + each.points, 0);
  return `${sum(graded.filter(({ problem }) => problem === undefined))}/${sum(graded)}`;
}

const partScore = (part: string, graded: readonly Graded[]): string =>
  `Part ${part} score: ${score(graded.filter(({ each }) => each.part === part))}\n`;

function junitCase({ each, outcome, problem }: Graded): JunitCase {
  return {
    name: each.name,
    part: `part ${each.part}`,
    seconds: outcome.seconds,
    failure: problem,
    transcript: outcome.transcript,
  };
}

const print = (line: string): boolean => process.stdout.write(`${line}\n`);
const indent = (text: string): string => text.replace(/^/gm, '    ');
