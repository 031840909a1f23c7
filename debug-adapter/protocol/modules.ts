/**
 * DAP's modules: the kernel's ELF file and each program's, with the environments that map it now.
 * DAP, `Module`, `ColumnDescriptor`, `ModuleEvent`.
 */
import type { DebugProtocol as Dap } from '@vscode/debugprotocol';
import type { GuestOs } from '../kernel/guest-os.ts';
import type { Image, ImageSet } from '../launch/images.ts';
import { formatAddress } from './memory-reference.ts';

const PT_LOAD = 1;

/** Attributes of ours that a modules view may show. */
export const MODULE_COLUMNS: readonly Dap.ColumnDescriptor[] = [
  { attributeName: 'role', label: 'Role', type: 'string', width: 10 },
  { attributeName: 'environments', label: 'Environments', type: 'string', width: 30 },
  { attributeName: 'entryPoint', label: 'Entry', type: 'string', width: 12 },
];

export interface ImageModule extends Dap.Module {
  readonly id: string;
  readonly role: Image['kind'];
  /** `00001000, 00001001`; `all` for the kernel, which every space maps; empty where none does. */
  readonly environments: string;
  readonly entryPoint: string;
}

export function modulesOf(images: ImageSet, os: GuestOs): ImageModule[] {
  const environments = os.environments().filter(({ status }) => status !== 'free');
  return images.all().map((image): ImageModule => {
    const loads = image.elf.segments.filter((s) => s.type === PT_LOAD);
    const start = Math.min(...loads.map((s) => s.virtualAddress));
    const end = Math.max(...loads.map((s) => s.virtualAddress + s.memorySizeBytes));
    const mapping = environments.filter(({ space }) => os.imageAt(space, image.elf.entry)?.image === image);
    return {
      id: image.name,
      name: image.name,
      path: image.path,
      isUserCode: true,
      symbolStatus: image.debug.hasDwarf ? 'Debug information loaded.' : 'Symbols only.',
      addressRange: loads.length === 0 ? '' : `${formatAddress(start)}-${formatAddress(end)}`,
      role: image.kind,
      environments:
        image.kind === 'kernel' ? 'all' : mapping.map(({ envId }) => envId.toString(16).padStart(8, '0')).join(', '),
      entryPoint: formatAddress(image.elf.entry),
    };
  });
}

/** Tells the client of modules once, and again when other environments map them. */
export class ModuleEvents {
  private readonly emit: (event: string, body: Dap.ModuleEvent['body']) => void;
  private told: ReadonlyMap<string, string> = new Map();

  constructor(emit: (event: string, body: Dap.ModuleEvent['body']) => void) {
    this.emit = emit;
  }

  update(modules: readonly ImageModule[]): void {
    for (const module of modules) {
      const before = this.told.get(module.id);
      if (before === undefined) this.emit('module', { reason: 'new', module });
      else if (before !== module.environments) this.emit('module', { reason: 'changed', module });
    }
    const now = new Map(modules.map(({ id, environments }) => [id, environments]));
    for (const [id] of this.told) {
      if (!now.has(id)) this.emit('module', { reason: 'removed', module: { id, name: id } });
    }
    this.told = now;
  }
}
