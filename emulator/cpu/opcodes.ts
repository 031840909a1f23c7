/**
 * Every instruction, described once: decoder, interpreter and tests read this table.
 * Intel SDM Vol. 2, Appendix A, "Opcode Map"; operand codes are that appendix's, and these:
 *   Zb Zv   register in the low three bits of the opcode     Ibs  byte immediate, sign-extended to the operand size
 *   RvMw    register of the operand size, or 16-bit memory   E    register or memory of no particular size
 *   Rd      register, whatever mod says                      AL eAX CL DX I1 ES … GS  as written
 * The FPU and the SIMD units stand in opcodes-x87.ts, opcodes-mmx.ts and opcodes-sse.ts, with operand codes of their own.
 *
 * Invariant: what is not here is #UD. A mnemonic without a handler in execute/ does not compile.
 */

import { mmxRows } from './opcodes-mmx.ts';
import { sse2Rows, sseRows } from './opcodes-sse.ts';
import { x87Rows } from './opcodes-x87.ts';

/**
 * Notes: `lock` LOCK may precede it if the destination is memory · `rep` repeat prefixes count · `jump` sets EIP ·
 * `end` ends a block without setting EIP · `pm` #UD in real and virtual-8086 mode.
 */
export type Row = readonly [opcode: string, instruction: string, written?: string, read?: string, notes?: string];

// prettier-ignore
const integerRows = [
  // opcode       instruction            flags written  read        notes
  // SDM Vol. 2, Appendix A, "One-Byte Opcode Map".
  ['00 /r',       'ADD Eb,Gb',             'oszapc',  '',         'lock'],
  ['01 /r',       'ADD Ev,Gv',             'oszapc',  '',         'lock'],
  ['02 /r',       'ADD Gb,Eb',             'oszapc'],
  ['03 /r',       'ADD Gv,Ev',             'oszapc'],
  ['04',          'ADD AL,Ib',             'oszapc'],
  ['05',          'ADD eAX,Iz',            'oszapc'],
  ['06',          'PUSH ES'],
  ['07',          'POP ES'],
  ['08 /r',       'OR Eb,Gb',              'oszapc',  '',         'lock'],
  ['09 /r',       'OR Ev,Gv',              'oszapc',  '',         'lock'],
  ['0A /r',       'OR Gb,Eb',              'oszapc'],
  ['0B /r',       'OR Gv,Ev',              'oszapc'],
  ['0C',          'OR AL,Ib',              'oszapc'],
  ['0D',          'OR eAX,Iz',             'oszapc'],
  ['0E',          'PUSH CS'],
  ['10 /r',       'ADC Eb,Gb',             'oszapc',  'c',        'lock'],
  ['11 /r',       'ADC Ev,Gv',             'oszapc',  'c',        'lock'],
  ['12 /r',       'ADC Gb,Eb',             'oszapc',  'c'],
  ['13 /r',       'ADC Gv,Ev',             'oszapc',  'c'],
  ['14',          'ADC AL,Ib',             'oszapc',  'c'],
  ['15',          'ADC eAX,Iz',            'oszapc',  'c'],
  ['16',          'PUSH SS'],
  ['17',          'POP SS',                '',        '',         'end'],
  ['18 /r',       'SBB Eb,Gb',             'oszapc',  'c',        'lock'],
  ['19 /r',       'SBB Ev,Gv',             'oszapc',  'c',        'lock'],
  ['1A /r',       'SBB Gb,Eb',             'oszapc',  'c'],
  ['1B /r',       'SBB Gv,Ev',             'oszapc',  'c'],
  ['1C',          'SBB AL,Ib',             'oszapc',  'c'],
  ['1D',          'SBB eAX,Iz',            'oszapc',  'c'],
  ['1E',          'PUSH DS'],
  ['1F',          'POP DS'],
  ['20 /r',       'AND Eb,Gb',             'oszapc',  '',         'lock'],
  ['21 /r',       'AND Ev,Gv',             'oszapc',  '',         'lock'],
  ['22 /r',       'AND Gb,Eb',             'oszapc'],
  ['23 /r',       'AND Gv,Ev',             'oszapc'],
  ['24',          'AND AL,Ib',             'oszapc'],
  ['25',          'AND eAX,Iz',            'oszapc'],
  ['27',          'DAA',                   'oszapc',  'ac'],
  ['28 /r',       'SUB Eb,Gb',             'oszapc',  '',         'lock'],
  ['29 /r',       'SUB Ev,Gv',             'oszapc',  '',         'lock'],
  ['2A /r',       'SUB Gb,Eb',             'oszapc'],
  ['2B /r',       'SUB Gv,Ev',             'oszapc'],
  ['2C',          'SUB AL,Ib',             'oszapc'],
  ['2D',          'SUB eAX,Iz',            'oszapc'],
  ['2F',          'DAS',                   'oszapc',  'ac'],
  ['30 /r',       'XOR Eb,Gb',             'oszapc',  '',         'lock'],
  ['31 /r',       'XOR Ev,Gv',             'oszapc',  '',         'lock'],
  ['32 /r',       'XOR Gb,Eb',             'oszapc'],
  ['33 /r',       'XOR Gv,Ev',             'oszapc'],
  ['34',          'XOR AL,Ib',             'oszapc'],
  ['35',          'XOR eAX,Iz',            'oszapc'],
  ['37',          'AAA',                   'oszapc',  'a'],
  ['38 /r',       'CMP Eb,Gb',             'oszapc'],
  ['39 /r',       'CMP Ev,Gv',             'oszapc'],
  ['3A /r',       'CMP Gb,Eb',             'oszapc'],
  ['3B /r',       'CMP Gv,Ev',             'oszapc'],
  ['3C',          'CMP AL,Ib',             'oszapc'],
  ['3D',          'CMP eAX,Iz',            'oszapc'],
  ['3F',          'AAS',                   'oszapc',  'a'],
  ['40+r',        'INC Zv',                'oszap'],
  ['48+r',        'DEC Zv',                'oszap'],
  ['50+r',        'PUSH Zv'],
  ['58+r',        'POP Zv'],
  ['60',          'PUSHA'],
  ['61',          'POPA'],
  ['62 /r',       'BOUND Gv,M'],
  ['63 /r',       'ARPL Ew,Gw',            'z',       '',         'pm'],
  ['68',          'PUSH Iz'],
  ['69 /r',       'IMUL Gv,Ev,Iz',         'oszapc'],
  ['6A',          'PUSH Ibs'],
  ['6B /r',       'IMUL Gv,Ev,Ibs',        'oszapc'],
  ['6C',          'INS Yb,DX',             '',        'd',        'rep jump'],
  ['6D',          'INS Yv,DX',             '',        'd',        'rep jump'],
  ['6E',          'OUTS DX,Xb',            '',        'd',        'rep jump'],
  ['6F',          'OUTS DX,Xv',            '',        'd',        'rep jump'],
  ['70',          'JO Jb',                 '',        'o',        'jump'],
  ['71',          'JNO Jb',                '',        'o',        'jump'],
  ['72',          'JB Jb',                 '',        'c',        'jump'],
  ['73',          'JAE Jb',                '',        'c',        'jump'],
  ['74',          'JE Jb',                 '',        'z',        'jump'],
  ['75',          'JNE Jb',                '',        'z',        'jump'],
  ['76',          'JBE Jb',                '',        'zc',       'jump'],
  ['77',          'JA Jb',                 '',        'zc',       'jump'],
  ['78',          'JS Jb',                 '',        's',        'jump'],
  ['79',          'JNS Jb',                '',        's',        'jump'],
  ['7A',          'JP Jb',                 '',        'p',        'jump'],
  ['7B',          'JNP Jb',                '',        'p',        'jump'],
  ['7C',          'JL Jb',                 '',        'os',       'jump'],
  ['7D',          'JGE Jb',                '',        'os',       'jump'],
  ['7E',          'JLE Jb',                '',        'osz',      'jump'],
  ['7F',          'JG Jb',                 '',        'osz',      'jump'],
  ['80 /0',       'ADD Eb,Ib',             'oszapc',  '',         'lock'],
  ['80 /1',       'OR Eb,Ib',              'oszapc',  '',         'lock'],
  ['80 /2',       'ADC Eb,Ib',             'oszapc',  'c',        'lock'],
  ['80 /3',       'SBB Eb,Ib',             'oszapc',  'c',        'lock'],
  ['80 /4',       'AND Eb,Ib',             'oszapc',  '',         'lock'],
  ['80 /5',       'SUB Eb,Ib',             'oszapc',  '',         'lock'],
  ['80 /6',       'XOR Eb,Ib',             'oszapc',  '',         'lock'],
  ['80 /7',       'CMP Eb,Ib',             'oszapc'],
  ['81 /0',       'ADD Ev,Iz',             'oszapc',  '',         'lock'],
  ['81 /1',       'OR Ev,Iz',              'oszapc',  '',         'lock'],
  ['81 /2',       'ADC Ev,Iz',             'oszapc',  'c',        'lock'],
  ['81 /3',       'SBB Ev,Iz',             'oszapc',  'c',        'lock'],
  ['81 /4',       'AND Ev,Iz',             'oszapc',  '',         'lock'],
  ['81 /5',       'SUB Ev,Iz',             'oszapc',  '',         'lock'],
  ['81 /6',       'XOR Ev,Iz',             'oszapc',  '',         'lock'],
  ['81 /7',       'CMP Ev,Iz',             'oszapc'],
  ['82 /0',       'ADD Eb,Ib',             'oszapc',  '',         'lock'],
  ['82 /1',       'OR Eb,Ib',              'oszapc',  '',         'lock'],
  ['82 /2',       'ADC Eb,Ib',             'oszapc',  'c',        'lock'],
  ['82 /3',       'SBB Eb,Ib',             'oszapc',  'c',        'lock'],
  ['82 /4',       'AND Eb,Ib',             'oszapc',  '',         'lock'],
  ['82 /5',       'SUB Eb,Ib',             'oszapc',  '',         'lock'],
  ['82 /6',       'XOR Eb,Ib',             'oszapc',  '',         'lock'],
  ['82 /7',       'CMP Eb,Ib',             'oszapc'],
  ['83 /0',       'ADD Ev,Ibs',            'oszapc',  '',         'lock'],
  ['83 /1',       'OR Ev,Ibs',             'oszapc',  '',         'lock'],
  ['83 /2',       'ADC Ev,Ibs',            'oszapc',  'c',        'lock'],
  ['83 /3',       'SBB Ev,Ibs',            'oszapc',  'c',        'lock'],
  ['83 /4',       'AND Ev,Ibs',            'oszapc',  '',         'lock'],
  ['83 /5',       'SUB Ev,Ibs',            'oszapc',  '',         'lock'],
  ['83 /6',       'XOR Ev,Ibs',            'oszapc',  '',         'lock'],
  ['83 /7',       'CMP Ev,Ibs',            'oszapc'],
  ['84 /r',       'TEST Eb,Gb',            'oszapc'],
  ['85 /r',       'TEST Ev,Gv',            'oszapc'],
  ['86 /r',       'XCHG Eb,Gb',            '',        '',         'lock'],
  ['87 /r',       'XCHG Ev,Gv',            '',        '',         'lock'],
  ['88 /r',       'MOV Eb,Gb'],
  ['89 /r',       'MOV Ev,Gv'],
  ['8A /r',       'MOV Gb,Eb'],
  ['8B /r',       'MOV Gv,Ev'],
  ['8C /r',       'MOV RvMw,Sw'],
  ['8D /r',       'LEA Gv,M'],
  ['8E /r',       'MOV Sw,Ew',             '',        '',         'end'],
  ['8F /0',       'POP Ev'],
  ['90',          'NOP'],
  ['91+r',        'XCHG Zv,eAX'],
  ['98',          'CBW'],
  ['99',          'CWD'],
  ['9A',          'CALLF Ap',              '',        '',         'jump'],
  ['9B',          'FWAIT'],
  ['9C',          'PUSHF',                 '',        'oszapcd'],
  ['9D',          'POPF',                  'oszapcd', '',         'end'],
  ['9E',          'SAHF',                  'szapc'],
  ['9F',          'LAHF',                  '',        'szapc'],
  ['A0',          'MOV AL,Ob'],
  ['A1',          'MOV eAX,Ov'],
  ['A2',          'MOV Ob,AL'],
  ['A3',          'MOV Ov,eAX'],
  ['A4',          'MOVS Yb,Xb',            '',        'd',        'rep jump'],
  ['A5',          'MOVS Yv,Xv',            '',        'd',        'rep jump'],
  ['A6',          'CMPS Xb,Yb',            'oszapc',  'd',        'rep jump'],
  ['A7',          'CMPS Xv,Yv',            'oszapc',  'd',        'rep jump'],
  ['A8',          'TEST AL,Ib',            'oszapc'],
  ['A9',          'TEST eAX,Iz',           'oszapc'],
  ['AA',          'STOS Yb,AL',            '',        'd',        'rep jump'],
  ['AB',          'STOS Yv,eAX',           '',        'd',        'rep jump'],
  ['AC',          'LODS AL,Xb',            '',        'd',        'rep jump'],
  ['AD',          'LODS eAX,Xv',           '',        'd',        'rep jump'],
  ['AE',          'SCAS AL,Yb',            'oszapc',  'd',        'rep jump'],
  ['AF',          'SCAS eAX,Yv',           'oszapc',  'd',        'rep jump'],
  ['B0+r',        'MOV Zb,Ib'],
  ['B8+r',        'MOV Zv,Iz'],
  ['C0 /0',       'ROL Eb,Ib',             'oc'],
  ['C0 /1',       'ROR Eb,Ib',             'oc'],
  ['C0 /2',       'RCL Eb,Ib',             'oc',      'c'],
  ['C0 /3',       'RCR Eb,Ib',             'oc',      'c'],
  ['C0 /4',       'SHL Eb,Ib',             'oszapc'],
  ['C0 /5',       'SHR Eb,Ib',             'oszapc'],
  ['C0 /6',       'SAL Eb,Ib',             'oszapc'],
  ['C0 /7',       'SAR Eb,Ib',             'oszapc'],
  ['C1 /0',       'ROL Ev,Ib',             'oc'],
  ['C1 /1',       'ROR Ev,Ib',             'oc'],
  ['C1 /2',       'RCL Ev,Ib',             'oc',      'c'],
  ['C1 /3',       'RCR Ev,Ib',             'oc',      'c'],
  ['C1 /4',       'SHL Ev,Ib',             'oszapc'],
  ['C1 /5',       'SHR Ev,Ib',             'oszapc'],
  ['C1 /6',       'SAL Ev,Ib',             'oszapc'],
  ['C1 /7',       'SAR Ev,Ib',             'oszapc'],
  ['C2',          'RET Iw',                '',        '',         'jump'],
  ['C3',          'RET',                   '',        '',         'jump'],
  ['C4 /r',       'LES Gv,M'],
  ['C5 /r',       'LDS Gv,M'],
  ['C6 /0',       'MOV Eb,Ib'],
  ['C7 /0',       'MOV Ev,Iz'],
  ['C8',          'ENTER Iw,Ib'],
  ['C9',          'LEAVE'],
  ['CA',          'RETF Iw',               '',        '',         'jump'],
  ['CB',          'RETF',                  '',        '',         'jump'],
  ['CC',          'INT3',                  '',        '',         'jump'],
  ['CD',          'INT Ib',                '',        '',         'jump'],
  ['CE',          'INTO',                  '',        'o',        'jump'],
  ['CF',          'IRET',                  'oszapcd', '',         'jump'],
  ['D0 /0',       'ROL Eb,I1',             'oc'],
  ['D0 /1',       'ROR Eb,I1',             'oc'],
  ['D0 /2',       'RCL Eb,I1',             'oc',      'c'],
  ['D0 /3',       'RCR Eb,I1',             'oc',      'c'],
  ['D0 /4',       'SHL Eb,I1',             'oszapc'],
  ['D0 /5',       'SHR Eb,I1',             'oszapc'],
  ['D0 /6',       'SAL Eb,I1',             'oszapc'],
  ['D0 /7',       'SAR Eb,I1',             'oszapc'],
  ['D1 /0',       'ROL Ev,I1',             'oc'],
  ['D1 /1',       'ROR Ev,I1',             'oc'],
  ['D1 /2',       'RCL Ev,I1',             'oc',      'c'],
  ['D1 /3',       'RCR Ev,I1',             'oc',      'c'],
  ['D1 /4',       'SHL Ev,I1',             'oszapc'],
  ['D1 /5',       'SHR Ev,I1',             'oszapc'],
  ['D1 /6',       'SAL Ev,I1',             'oszapc'],
  ['D1 /7',       'SAR Ev,I1',             'oszapc'],
  ['D2 /0',       'ROL Eb,CL',             'oc'],
  ['D2 /1',       'ROR Eb,CL',             'oc'],
  ['D2 /2',       'RCL Eb,CL',             'oc',      'c'],
  ['D2 /3',       'RCR Eb,CL',             'oc',      'c'],
  ['D2 /4',       'SHL Eb,CL',             'oszapc'],
  ['D2 /5',       'SHR Eb,CL',             'oszapc'],
  ['D2 /6',       'SAL Eb,CL',             'oszapc'],
  ['D2 /7',       'SAR Eb,CL',             'oszapc'],
  ['D3 /0',       'ROL Ev,CL',             'oc'],
  ['D3 /1',       'ROR Ev,CL',             'oc'],
  ['D3 /2',       'RCL Ev,CL',             'oc',      'c'],
  ['D3 /3',       'RCR Ev,CL',             'oc',      'c'],
  ['D3 /4',       'SHL Ev,CL',             'oszapc'],
  ['D3 /5',       'SHR Ev,CL',             'oszapc'],
  ['D3 /6',       'SAL Ev,CL',             'oszapc'],
  ['D3 /7',       'SAR Ev,CL',             'oszapc'],
  ['D4',          'AAM Ib',                'oszapc'],
  ['D5',          'AAD Ib',                'oszapc'],
  ['D6',          'SALC',                  '',        'c'],
  ['D7',          'XLAT'],
  ['E0',          'LOOPNE Jb',             '',        'z',        'jump'],
  ['E1',          'LOOPE Jb',              '',        'z',        'jump'],
  ['E2',          'LOOP Jb',               '',        '',         'jump'],
  ['E3',          'JCXZ Jb',               '',        '',         'jump'],
  ['E4',          'IN AL,Ib',              '',        '',         'end'],
  ['E5',          'IN eAX,Ib',             '',        '',         'end'],
  ['E6',          'OUT Ib,AL',             '',        '',         'end'],
  ['E7',          'OUT Ib,eAX',            '',        '',         'end'],
  ['E8',          'CALL Jz',               '',        '',         'jump'],
  ['E9',          'JMP Jz',                '',        '',         'jump'],
  ['EA',          'JMPF Ap',               '',        '',         'jump'],
  ['EB',          'JMP Jb',                '',        '',         'jump'],
  ['EC',          'IN AL,DX',              '',        '',         'end'],
  ['ED',          'IN eAX,DX',             '',        '',         'end'],
  ['EE',          'OUT DX,AL',             '',        '',         'end'],
  ['EF',          'OUT DX,eAX',            '',        '',         'end'],
  ['F1',          'INT1',                  '',        '',         'jump'],
  ['F4',          'HLT',                   '',        '',         'end'],
  ['F5',          'CMC',                   'c',       'c'],
  ['F6 /0',       'TEST Eb,Ib',            'oszapc'],
  ['F6 /1',       'TEST Eb,Ib',            'oszapc'],
  ['F6 /2',       'NOT Eb',                '',        '',         'lock'],
  ['F6 /3',       'NEG Eb',                'oszapc',  '',         'lock'],
  ['F6 /4',       'MUL Eb',                'oszapc'],
  ['F6 /5',       'IMUL Eb',               'oszapc'],
  ['F6 /6',       'DIV Eb',                'oszapc'],
  ['F6 /7',       'IDIV Eb',               'oszapc'],
  ['F7 /0',       'TEST Ev,Iz',            'oszapc'],
  ['F7 /1',       'TEST Ev,Iz',            'oszapc'],
  ['F7 /2',       'NOT Ev',                '',        '',         'lock'],
  ['F7 /3',       'NEG Ev',                'oszapc',  '',         'lock'],
  ['F7 /4',       'MUL Ev',                'oszapc'],
  ['F7 /5',       'IMUL Ev',               'oszapc'],
  ['F7 /6',       'DIV Ev',                'oszapc'],
  ['F7 /7',       'IDIV Ev',               'oszapc'],
  ['F8',          'CLC',                   'c'],
  ['F9',          'STC',                   'c'],
  ['FA',          'CLI',                   '',        '',         'end'],
  ['FB',          'STI',                   '',        '',         'end'],
  ['FC',          'CLD',                   'd'],
  ['FD',          'STD',                   'd'],
  ['FE /0',       'INC Eb',                'oszap',   '',         'lock'],
  ['FE /1',       'DEC Eb',                'oszap',   '',         'lock'],
  ['FF /0',       'INC Ev',                'oszap',   '',         'lock'],
  ['FF /1',       'DEC Ev',                'oszap',   '',         'lock'],
  ['FF /2',       'CALL Ev',               '',        '',         'jump'],
  ['FF /3',       'CALLF M',               '',        '',         'jump'],
  ['FF /4',       'JMP Ev',                '',        '',         'jump'],
  ['FF /5',       'JMPF M',                '',        '',         'jump'],
  ['FF /6',       'PUSH Ev'],
  // SDM Vol. 2, Appendix A, "Two-Byte Opcode Map".
  ['0F 00 /0',    'SLDT RvMw',             '',        '',         'pm'],
  ['0F 00 /1',    'STR RvMw',              '',        '',         'pm'],
  ['0F 00 /2',    'LLDT Ew',               '',        '',         'pm'],
  ['0F 00 /3',    'LTR Ew',                '',        '',         'pm'],
  ['0F 00 /4',    'VERR Ew',               'z',       '',         'pm'],
  ['0F 00 /5',    'VERW Ew',               'z',       '',         'pm'],
  ['0F 01 /0',    'SGDT M'],
  ['0F 01 /1',    'SIDT M'],
  ['0F 01 /2',    'LGDT M'],
  ['0F 01 /3',    'LIDT M'],
  ['0F 01 /4',    'SMSW RvMw'],
  ['0F 01 /6',    'LMSW Ew',               '',        '',         'end'],
  ['0F 01 /7',    'INVLPG M',              '',        '',         'end'],
  ['0F 02 /r',    'LAR Gv,Ew',             'z',       '',         'pm'],
  ['0F 03 /r',    'LSL Gv,Ew',             'z',       '',         'pm'],
  ['0F 06',       'CLTS'],
  ['0F 08',       'INVD'],
  ['0F 09',       'WBINVD'],
  ['0F 0B',       'UD2'],
  ['0F 0D /r',    'NOP Ev'],
  ['0F 18 /r',    'NOP Ev'],
  ['0F 19 /r',    'NOP Ev'],
  ['0F 1A /r',    'NOP Ev'],
  ['0F 1B /r',    'NOP Ev'],
  ['0F 1C /r',    'NOP Ev'],
  ['0F 1D /r',    'NOP Ev'],
  ['0F 1E /r',    'NOP Ev'],
  ['0F 1F /r',    'NOP Ev'],
  ['0F 20 /r',    'MOV Rd,Cd',             'oszapc'],
  ['0F 21 /r',    'MOV Rd,Dd',             'oszapc'],
  ['0F 22 /r',    'MOV Cd,Rd',             'oszapc',  '',         'end'],
  ['0F 23 /r',    'MOV Dd,Rd',             'oszapc',  '',         'end'],
  ['0F 30',       'WRMSR',                 '',        '',         'end'],
  ['0F 31',       'RDTSC'],
  ['0F 32',       'RDMSR'],
  ['0F 33',       'RDPMC'],
  ['0F 40 /r',    'CMOVO Gv,Ev',           '',        'o'],
  ['0F 41 /r',    'CMOVNO Gv,Ev',          '',        'o'],
  ['0F 42 /r',    'CMOVB Gv,Ev',           '',        'c'],
  ['0F 43 /r',    'CMOVAE Gv,Ev',          '',        'c'],
  ['0F 44 /r',    'CMOVE Gv,Ev',           '',        'z'],
  ['0F 45 /r',    'CMOVNE Gv,Ev',          '',        'z'],
  ['0F 46 /r',    'CMOVBE Gv,Ev',          '',        'zc'],
  ['0F 47 /r',    'CMOVA Gv,Ev',           '',        'zc'],
  ['0F 48 /r',    'CMOVS Gv,Ev',           '',        's'],
  ['0F 49 /r',    'CMOVNS Gv,Ev',          '',        's'],
  ['0F 4A /r',    'CMOVP Gv,Ev',           '',        'p'],
  ['0F 4B /r',    'CMOVNP Gv,Ev',          '',        'p'],
  ['0F 4C /r',    'CMOVL Gv,Ev',           '',        'os'],
  ['0F 4D /r',    'CMOVGE Gv,Ev',          '',        'os'],
  ['0F 4E /r',    'CMOVLE Gv,Ev',          '',        'osz'],
  ['0F 4F /r',    'CMOVG Gv,Ev',           '',        'osz'],
  ['0F 80',       'JO Jz',                 '',        'o',        'jump'],
  ['0F 81',       'JNO Jz',                '',        'o',        'jump'],
  ['0F 82',       'JB Jz',                 '',        'c',        'jump'],
  ['0F 83',       'JAE Jz',                '',        'c',        'jump'],
  ['0F 84',       'JE Jz',                 '',        'z',        'jump'],
  ['0F 85',       'JNE Jz',                '',        'z',        'jump'],
  ['0F 86',       'JBE Jz',                '',        'zc',       'jump'],
  ['0F 87',       'JA Jz',                 '',        'zc',       'jump'],
  ['0F 88',       'JS Jz',                 '',        's',        'jump'],
  ['0F 89',       'JNS Jz',                '',        's',        'jump'],
  ['0F 8A',       'JP Jz',                 '',        'p',        'jump'],
  ['0F 8B',       'JNP Jz',                '',        'p',        'jump'],
  ['0F 8C',       'JL Jz',                 '',        'os',       'jump'],
  ['0F 8D',       'JGE Jz',                '',        'os',       'jump'],
  ['0F 8E',       'JLE Jz',                '',        'osz',      'jump'],
  ['0F 8F',       'JG Jz',                 '',        'osz',      'jump'],
  ['0F 90 /r',    'SETO Eb',               '',        'o'],
  ['0F 91 /r',    'SETNO Eb',              '',        'o'],
  ['0F 92 /r',    'SETB Eb',               '',        'c'],
  ['0F 93 /r',    'SETAE Eb',              '',        'c'],
  ['0F 94 /r',    'SETE Eb',               '',        'z'],
  ['0F 95 /r',    'SETNE Eb',              '',        'z'],
  ['0F 96 /r',    'SETBE Eb',              '',        'zc'],
  ['0F 97 /r',    'SETA Eb',               '',        'zc'],
  ['0F 98 /r',    'SETS Eb',               '',        's'],
  ['0F 99 /r',    'SETNS Eb',              '',        's'],
  ['0F 9A /r',    'SETP Eb',               '',        'p'],
  ['0F 9B /r',    'SETNP Eb',              '',        'p'],
  ['0F 9C /r',    'SETL Eb',               '',        'os'],
  ['0F 9D /r',    'SETGE Eb',              '',        'os'],
  ['0F 9E /r',    'SETLE Eb',              '',        'osz'],
  ['0F 9F /r',    'SETG Eb',               '',        'osz'],
  ['0F A0',       'PUSH FS'],
  ['0F A1',       'POP FS'],
  ['0F A2',       'CPUID'],
  ['0F A3 /r',    'BT Ev,Gv',              'osapc'],
  ['0F A4 /r',    'SHLD Ev,Gv,Ib',         'oszapc'],
  ['0F A5 /r',    'SHLD Ev,Gv,CL',         'oszapc'],
  ['0F A8',       'PUSH GS'],
  ['0F A9',       'POP GS'],
  ['0F AB /r',    'BTS Ev,Gv',             'osapc',  '',         'lock'],
  ['0F AC /r',    'SHRD Ev,Gv,Ib',         'oszapc'],
  ['0F AD /r',    'SHRD Ev,Gv,CL',         'oszapc'],
  ['0F AF /r',    'IMUL Gv,Ev',            'oszapc'],
  ['0F B0 /r',    'CMPXCHG Eb,Gb',         'oszapc',  '',         'lock'],
  ['0F B1 /r',    'CMPXCHG Ev,Gv',         'oszapc',  '',         'lock'],
  ['0F B2 /r',    'LSS Gv,M',              '',        '',         'end'],
  ['0F B3 /r',    'BTR Ev,Gv',             'osapc',  '',         'lock'],
  ['0F B4 /r',    'LFS Gv,M'],
  ['0F B5 /r',    'LGS Gv,M'],
  ['0F B6 /r',    'MOVZX Gv,Eb'],
  ['0F B7 /r',    'MOVZX Gv,Ew'],
  ['0F B9 /r',    'UD1 Gv,Ev'],
  ['0F BA /4',    'BT Ev,Ib',              'osapc'],
  ['0F BA /5',    'BTS Ev,Ib',             'osapc',  '',         'lock'],
  ['0F BA /6',    'BTR Ev,Ib',             'osapc',  '',         'lock'],
  ['0F BA /7',    'BTC Ev,Ib',             'osapc',  '',         'lock'],
  ['0F BB /r',    'BTC Ev,Gv',             'osapc',  '',         'lock'],
  ['0F BC /r',    'BSF Gv,Ev',             'oszapc'],
  ['0F BD /r',    'BSR Gv,Ev',             'oszapc'],
  ['0F BE /r',    'MOVSX Gv,Eb'],
  ['0F BF /r',    'MOVSX Gv,Ew'],
  ['0F C0 /r',    'XADD Eb,Gb',            'oszapc',  '',         'lock'],
  ['0F C1 /r',    'XADD Ev,Gv',            'oszapc',  '',         'lock'],
  ['0F C7 /1',    'CMPXCHG8B M',           'z',       '',         'lock'],
  ['0F C8+r',     'BSWAP Zv'],
  ['0F FF /r',    'UD0 Gv,Ev'],
] as const satisfies readonly Row[];

export const rows = [...integerRows, ...x87Rows, ...mmxRows, ...sseRows, ...sse2Rows] as const;

type FirstWord<T extends string> = T extends `${infer Word} ${string}` ? Word : T;
export type Mnemonic = FirstWord<(typeof rows)[number][1]>;

/** A row as the decoder uses it. */
export interface OpcodeRow {
  /** Position in the table. */
  readonly number: number;
  readonly opcode: string;
  readonly mnemonic: Mnemonic | 'INVALID';
  readonly operands: readonly string[];
  /** Arithmetic flags and DF, by the letters oszapcd; undefined ones count as written. */
  readonly flagsWritten: string;
  readonly flagsRead: string;
  readonly lock: boolean;
  readonly repeatable: boolean;
  readonly jump: boolean;
  readonly endsBlock: boolean;
  readonly protectedModeOnly: boolean;
  readonly modrm: boolean;
  /** Size of the operation is a byte whatever the operand size. */
  readonly byte: boolean;
}

export const invalidRow: OpcodeRow = {
  number: -1,
  opcode: '',
  mnemonic: 'INVALID',
  operands: [],
  flagsWritten: '',
  flagsRead: '',
  lock: false,
  repeatable: false,
  jump: false,
  endsBlock: true,
  protectedModeOnly: false,
  modrm: false,
  byte: false,
};

/**
 * One opcode: a row, or one row for each value of the reg field of ModRM (8), of the ModRM byte (256), of mandatory
 * prefix and ModRM byte (1024: none, 66, F3, F2), or of the mandatory prefix of an opcode without ModRM (4).
 */
export type OpcodeEntry = OpcodeRow | readonly (OpcodeRow | undefined)[] | undefined;

/** Mandatory prefixes, in the order of those arrays. */
const PREFIXES = ['NP', '66', 'F3', 'F2'] as const;

/** The row of an array, by ModRM byte and mandatory prefix (0 none, 1 66, 2 F3, 3 F2). */
export function selectRow(
  rowsOfOpcode: readonly (OpcodeRow | undefined)[],
  modrm: number,
  prefix: number,
): OpcodeRow | undefined {
  if (rowsOfOpcode.length === 8) return rowsOfOpcode[(modrm >> 3) & 7];
  if (rowsOfOpcode.length === PREFIXES.length) return rowsOfOpcode[prefix];
  return rowsOfOpcode[rowsOfOpcode.length === 256 ? modrm : prefix * 256 + modrm];
}

const BYTE_OPERANDS = new Set(['Eb', 'Gb', 'Zb', 'AL', 'Ob', 'Xb', 'Yb']);

function parseRow([opcode, text, written = '', read = '', notes = '']: Row, number: number): OpcodeRow {
  const [mnemonic = '', operandText] = text.split(' ');
  const operands = operandText?.split(',') ?? [];
  const words = notes.split(' ');
  const has = (note: string): boolean => words.includes(note);
  return {
    number,
    opcode,
    mnemonic: mnemonic as Mnemonic,
    operands,
    flagsWritten: written,
    flagsRead: read,
    lock: has('lock'),
    repeatable: has('rep'),
    jump: has('jump'),
    endsBlock: has('jump') || has('end'),
    protectedModeOnly: has('pm'),
    modrm: opcode.includes('/') || /^D[89A-F] /.test(opcode),
    byte: operands[0] !== 'Gv' && operands.some((operand) => BYTE_OPERANDS.has(operand)),
  };
}

/** Operands that a ModRM byte below C0 names, and those that one from C0 on names; others take either. */
const MEMORY_ONLY = /^M/;
const REGISTER_ONLY = /^(Nq|Ux)$/;

/** Results of `modrmBytes`: many hundred rows have some thirty. */
const modrmSets = new Map<string, readonly number[]>();

/**
 * ModRM bytes of a row whose opcode has a table by ModRM byte: `/r`, `/n`, `C0+i` or `C0`.
 * A `/n` row of an escape opcode is memory alone.
 */
function modrmBytes(row: OpcodeRow, field: string): readonly number[] {
  const memory = row.operands.some((operand) => MEMORY_ONLY.test(operand));
  const register = row.operands.some((operand) => REGISTER_ONLY.test(operand));
  const key = `${field} ${memory} ${register}`;
  let bytes = modrmSets.get(key);
  if (bytes === undefined) {
    bytes = makeModrmBytes(field, register ? 0xc0 : 0, memory ? 0xc0 : 0x100);
    modrmSets.set(key, bytes);
  }
  return bytes;
}

function makeModrmBytes(field: string, from: number, end: number): readonly number[] {
  const bytes: number[] = [];
  if (field.startsWith('/')) {
    const digit = field === '/r' ? undefined : Number(field[1]);
    for (let byte = from; byte < end; byte++) {
      if (digit === undefined || ((byte >> 3) & 7) === digit) bytes.push(byte);
    }
    return bytes;
  }
  const first = parseInt(field, 16);
  for (let byte = first; byte < first + (field.endsWith('+i') ? 8 : 1); byte++) bytes.push(byte);
  return bytes;
}

/** Where a row of the table belongs: its opcode (0-255 one-byte opcodes, 256-511 those after 0F), and its place there. */
function placeOf(opcode: string): { first: number; last: number; prefix: number; field: string | undefined } {
  const words = opcode.split(' ');
  const prefix = words[1] === '0F' ? PREFIXES.indexOf(words[0] as (typeof PREFIXES)[number]) : -1;
  if (prefix >= 0) words.shift();
  const twoByte = words[0] === '0F';
  if (twoByte) words.shift();
  const [hex = '', field] = words;
  const first = parseInt(hex, 16) + (twoByte ? 256 : 0);
  return { first, last: hex.endsWith('+r') ? (first & ~7) + 7 : first, prefix, field };
}

/** Numbers of the rows of each opcode. */
const numbers = Array.from({ length: 512 }, (): number[] => []);
for (let number = 0; number < rows.length; number++) {
  const { first, last } = placeOf(rows[number][0]);
  for (let opcode = first; opcode <= last; opcode++) numbers[opcode].push(number);
}

/** Expanded when first asked for: a run meets a part of the table. null: not yet. */
const entries = new Array<OpcodeEntry | null>(512).fill(null);
const parsedRows = new Array<OpcodeRow | undefined>(rows.length).fill(undefined);

/** @param opcode 0-255 one-byte opcodes, 256-511 those after 0F */
export function opcodeEntry(opcode: number): OpcodeEntry {
  const entry = entries[opcode];
  return entry === null ? (entries[opcode] = expand(opcode)) : entry;
}

/** The immediate that the instructions of an opcode have which has one for all of them. */
export function immediateOf(opcode: number): 'Ib' | 'Iz' | undefined {
  for (const number of numbers[opcode]) {
    const last = rows[number][1].split(/[ ,]/).at(-1);
    if (last === 'Ib' || last === 'Iz') return last;
  }
  return undefined;
}

function expand(opcode: number): OpcodeEntry {
  let table: (OpcodeRow | undefined)[] | undefined;
  for (const number of numbers[opcode]) {
    const row = (parsedRows[number] ??= parseRow(rows[number], number));
    const { prefix, field } = placeOf(row.opcode);
    const put = (length: number, at: readonly number[]): void => {
      table ??= new Array<undefined>(length).fill(undefined);
      for (const index of at) table[index] = row;
    };
    if (prefix >= 0 && field === undefined) put(PREFIXES.length, [prefix]);
    else if (prefix >= 0) {
      const bytes = modrmBytes(row, field!);
      put(
        1024,
        bytes.map((byte) => prefix * 256 + byte),
      );
    } else if (opcode >= 0xd8 && opcode <= 0xdf) put(256, modrmBytes(row, field ?? ''));
    else if (field === undefined || field === '/r') return row;
    else put(8, [Number(field[1])]);
  }
  return table;
}
