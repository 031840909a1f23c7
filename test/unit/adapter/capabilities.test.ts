/**
 * The table of capabilities in the documentation: every member of DAP's `Capabilities`, and the test that holds it. The
 * protocol's own declarations are what "every" is measured by.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CAPABILITIES } from '../../../debug-adapter/protocol/capabilities.ts';
import { REPOSITORY } from '../../kit/repository.ts';

const DOCUMENT = 'docs/capabilities.md';

function membersOfProtocol(): string[] {
  const file = createRequire(import.meta.url).resolve('@vscode/debugprotocol/lib/debugProtocol.d.ts');
  const text = readFileSync(file, 'utf8');
  const body = /interface Capabilities \{(.*?)\n\t\}/s.exec(text)![1]!;
  return [...body.matchAll(/^\t\t(\w+)\?:/gm)].map((match) => match[1]!);
}

interface Row {
  readonly name: string;
  readonly advertised: boolean;
  readonly file: string | undefined;
  readonly title: string | undefined;
}

function rowsOfDocument(): Row[] {
  const text = readFileSync(join(REPOSITORY, DOCUMENT), 'utf8');
  return [...text.matchAll(/^\| `(\w+)` \| (yes|no)[^|]* \| (.*) \|$/gm)].map(([, name, advertised, proof]) => {
    const [, file, title] = /^`([^`]+)`: (.*)$/.exec(proof!) ?? [];
    return { name: name!, advertised: advertised === 'yes', file, title };
  });
}

test('the table has each member of the protocol once, and says truly what is advertised', () => {
  const rows = rowsOfDocument();
  expect(rows.map(({ name }) => name).sort()).toEqual(membersOfProtocol().sort());
  const advertised = rows.filter((row) => row.advertised).map(({ name }) => name);
  expect(advertised.sort()).toEqual(Object.keys(CAPABILITIES).sort());
});

test.each(rowsOfDocument().filter((row) => row.advertised))('$name is held by a test that is there', (row) => {
  expect(row.file).toBeDefined();
  const source = readFileSync(join(REPOSITORY, row.file!), 'utf8');
  expect(source).toContain(row.title!);
});
