import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { LAUNCH_ARGUMENT_NAMES, parseLaunchArguments } from '../../../debug-adapter/launch/launch-arguments.ts';
import { sourcePath } from '../../kit/repository.ts';
import packageJson from '../../../package.json' with { type: 'json' };

test.each([
  ['a word for memory', { program: 'rustshim', memory: 'much' }, /"memory" takes a number of MiB/],
  ['too little memory', { program: 'rustshim', memory: 1 }, /8 to 1024 MiB/],
  ['an unknown key', { program: 'rustshim', stopAtEntry: true }, /Unknown launch argument "stopAtEntry".*Known are/],
  ['a list for the program', { program: ['rustshim'] }, /"program" takes a string/],
  ['an empty program', { program: '' }, /"program" is empty/],
  ['a console that is none', { program: 'x', console: 'window' }, /"terminal", "debugConsole" or "none"/],
  ['a budget of nothing', { program: 'x', budget: 0 }, /"budget" is at least 1/],
  ['a unit that is none', { program: 'x', simd: 'avx' }, /"sse" or "sse2"/],
  ['no object', 7, /no arguments object/],
])('%s is refused with cause and remedy', (_what, given, message) => {
  const result = parseLaunchArguments(given);
  expect(result.ok).toBe(false);
  if (!result.ok) {
    expect(`${result.failure.cause} ${result.failure.remedy}`).toMatch(message);
    expect(result.failure.remedy).not.toBe('');
  }
});

test('what clients put beside the arguments is let through', () => {
  const given = { type: 'ringside', request: 'launch', name: 'run', __sessionId: '1', program: 'hello', memory: 64 };
  expect(parseLaunchArguments(given)).toEqual({ ok: true, value: { program: 'hello', memory: 64 } });
});

test("package.json describes just the arguments that the adapter knows, but for the client's own", () => {
  const described = Object.keys(packageJson.contributes.debuggers[0]!.configurationAttributes.launch.properties);
  expect(described.sort()).toEqual(LAUNCH_ARGUMENT_NAMES.filter((name) => name !== 'noDebug').sort());
});

test('the guide names every argument of package.json, of launch and attach', () => {
  const guide = readFileSync(sourcePath('docs/guide/launch.md'), 'utf8');
  const { launch, attach } = packageJson.contributes.debuggers[0]!.configurationAttributes;
  const named = [...Object.keys(launch.properties), ...Object.keys(attach.properties)];
  expect(named.filter((name) => !guide.includes(`\`${name}\``))).toEqual([]);
});
