/** The machine behind the program, as variables: descriptor tables, task state, devices. Read when opened. */
import type { DebugProtocol as Dap } from '@vscode/debugprotocol';
import {
  describeDescriptor,
  readGdt,
  readIdt,
  readLdt,
  readTss,
  type Descriptor,
} from '../target/descriptor-tables.ts';
import type { Target } from '../target/target.ts';
import { vectorName } from '../target/vectors.ts';
import type { VariablesNode, VariableStore } from './variable-store.ts';

const hex = (value: number): string => '0x' + (value >>> 0).toString(16).padStart(8, '0');

export function machineNode(store: VariableStore, target: Target): VariablesNode {
  const table = (name: string, entries: readonly Descriptor[], label: (d: Descriptor) => string): Dap.Variable => ({
    name,
    value: `${entries.length} entries`,
    variablesReference:
      entries.length === 0
        ? 0
        : store.add({ children: () => entries.map((d) => leaf(label(d), describeDescriptor(d))) }),
    namedVariables: entries.length,
  });
  const selector = (d: Descriptor): string => `0x${d.index.toString(16).padStart(4, '0')}`;
  return {
    children: () => [
      table('GDT', readGdt(target), selector),
      table('LDT', readLdt(target), selector),
      table('IDT', readIdt(target), (d) => `${d.index} ${vectorName(d.index)}`),
      taskState(store, target),
      ...target.inspectDevices().map((device) => ({
        name: device.name,
        value: '',
        variablesReference: store.add({
          children: () =>
            Object.entries(device.registers).map(([name, value]) =>
              leaf(name, typeof value === 'number' ? number(value) : String(value)),
            ),
        }),
      })),
    ],
  };
}

function taskState(store: VariableStore, target: Target): Dap.Variable {
  const tss = readTss(target);
  if (!tss) return leaf('TSS', 'none');
  return {
    name: 'TSS',
    value: `at ${hex(tss.base)}, selector 0x${tss.selector.toString(16).padStart(4, '0')}`,
    variablesReference: store.add({ children: () => tss.fields.map(({ name, value }) => leaf(name, hex(value))) }),
  };
}

const leaf = (name: string, value: string): Dap.Variable => ({
  name,
  value,
  variablesReference: 0,
  presentationHint: { attributes: ['readOnly'] },
});

const number = (value: number): string =>
  Number.isInteger(value) && value > 9 ? `${value} (0x${value.toString(16)})` : String(value);
