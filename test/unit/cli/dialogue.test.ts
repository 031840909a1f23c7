import { expect, test } from 'vitest';
import { Dialogue } from '../../../cli/grade/dialogue.ts';

test('each text is typed when its pattern begins a line behind the one before', () => {
  const dialogue = new Dialogue({
    input: [
      { after: '^K> ', text: 'help\n' },
      { after: '^K> ', text: 'quit\n' },
    ],
    until: '^bye',
  });
  expect(dialogue.hear('booting OK> \n')).toBe('');
  expect(dialogue.hear('booting OK> \nK> ')).toBe('help\n');
  expect(dialogue.hear('booting OK> \nK> help\nsome help')).toBe('');
  expect(dialogue.hear('booting OK> \nK> help\nsome help\nK> ')).toBe('quit\n');
  expect(dialogue.finished).toBe(false);
  dialogue.hear('booting OK> \nK> help\nsome help\nK> quit\nbye');
  expect(dialogue.finished).toBe(true);
});

test('one prompt answers one text', () => {
  const dialogue = new Dialogue({ input: [{ after: '> ', text: 'a' }, { after: '> ', text: 'b' }] }); // prettier-ignore
  expect([dialogue.hear('> '), dialogue.hear('> '), dialogue.hear('> > ')]).toEqual(['a', '', 'b']);
});

test('without a script nothing is typed and nothing finishes', () => {
  const dialogue = new Dialogue({ input: [] });
  expect([dialogue.hear('anything'), dialogue.finished]).toEqual(['', false]);
});
