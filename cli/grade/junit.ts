/** JUnit XML of a grading run: one test case a grading case, its transcript as output. Schema as Jenkins reads it. */
import { stripVTControlCharacters } from 'node:util';

export interface JunitCase {
  readonly name: string;
  readonly part: string;
  readonly seconds: number;
  /** What went wrong; undefined when passed. */
  readonly failure: string | undefined;
  readonly transcript: string;
}

export function junitXml(suite: string, cases: readonly JunitCase[]): string {
  const failures = cases.filter((each) => each.failure !== undefined).length;
  const seconds = cases.reduce((sum, each) => sum + each.seconds, 0);
  const head = `<testsuite name="${escape(suite)}" tests="${cases.length}" failures="${failures}" time="${seconds.toFixed(3)}">`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    head,
    ...cases.map((each) => testcase(suite, each)),
    '</testsuite>',
    '',
  ].join('\n');
}

function testcase(suite: string, { name, part, seconds, failure, transcript }: JunitCase): string {
  const attributes = `name="${escape(name)}" classname="${escape(`${suite}.${part}`)}" time="${seconds.toFixed(3)}"`;
  const failed =
    failure === undefined
      ? ''
      : `    <failure message="${escape(failure.split('\n').at(-1) ?? '')}">${escape(failure)}</failure>\n`;
  return `  <testcase ${attributes}>\n${failed}    <system-out>${escape(transcript)}</system-out>\n  </testcase>`;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** XML 1.0, "Characters": most control characters may not appear at all, not even escaped. */
function escape(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
    .replace(/[&<>"]/g, (character) => ENTITIES[character]);
}
