import { expect, test } from 'vitest';
import { junitXml } from '../../../cli/grade/junit.ts';

test('passed and failed cases, with everything XML does not allow replaced', () => {
  const xml = junitXml('ringside', [
    { name: 'hello', part: 'A', seconds: 0.25, failure: undefined, transcript: 'hello\n' },
    { name: 'bad', part: 'B', seconds: 1, failure: 'BAD  <x>\nMISSING \'a & "b"\'', transcript: 'bell \u0007 end' },
  ]);
  expect(xml).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="ringside" tests="2" failures="1" time="1.250">
  <testcase name="hello" classname="ringside.A" time="0.250">
    <system-out>hello
</system-out>
  </testcase>
  <testcase name="bad" classname="ringside.B" time="1.000">
    <failure message="MISSING 'a &amp; &quot;b&quot;'">BAD  &lt;x&gt;
MISSING 'a &amp; &quot;b&quot;'</failure>
    <system-out>bell \ufffd end</system-out>
  </testcase>
</testsuite>
`);
});
