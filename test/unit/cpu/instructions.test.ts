import { Decoder, DecoderOptions, Formatter, FormatterSyntax } from 'iced-x86';
import { expect, test } from 'vitest';
import { bytesOf, instructionTexts } from './instructions.ts';

test.each(instructionTexts)('%s', (text) => {
  const bytes = bytesOf(text);
  const decoder = new Decoder(32, bytes, DecoderOptions.None);
  const formatter = new Formatter(FormatterSyntax.Intel);
  formatter.hexPrefix = '0x';
  formatter.hexSuffix = '';
  formatter.uppercaseHex = false;
  formatter.spaceAfterOperandSeparator = true;
  formatter.branchLeadingZeros = false;
  formatter.showBranchSize = false;
  const instruction = decoder.decode();
  expect({ text: formatter.format(instruction), bytes: instruction.length }).toEqual({ text, bytes: bytes.length });
});
