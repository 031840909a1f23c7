/** Environments: who runs, who waits, where each stands. */
import { ask } from '../ringside-session.ts';
import type { ShownStop, StopTracker } from '../stop-tracker.ts';
import { ChangeMarks, hex, StopView, type TreeNode } from './stop-view.ts';

const ICONS: Readonly<Record<string, string>> = {
  running: 'play',
  runnable: 'debug-pause',
  'not runnable': 'debug-disconnect',
  dying: 'error',
};

export class EnvironmentsView extends StopView {
  protected override readonly nothing = 'No environments: none has begun, all have ended, or the kernel is not a JOS.';
  private readonly marks = new ChangeMarks();

  constructor(stops: StopTracker) {
    super('ringside.environments', stops);
  }

  protected async read({ session, threadId, stopNumber }: ShownStop): Promise<TreeNode[]> {
    const { environments } = await ask(session, 'ringside/environments', undefined);
    this.marks.begin(session.id, stopNumber);
    return environments.map((e): TreeNode => {
      const id = e.envId.toString(16).padStart(8, '0');
      const detail = (label: string, value: string): TreeNode => ({ id: `${id}/${label}`, label, description: value });
      return {
        id,
        label: `${e.program || 'environment'} [${id}]`,
        description: `${e.status}${e.location === undefined ? '' : ` at ${e.location}`}${e.threadId === threadId ? ' (shown)' : ''}`,
        icon: ICONS[e.status],
        changed: this.marks.changed(id, `${e.status} ${e.runs}`),
        children: [
          detail('status', e.status),
          detail('runs', String(e.runs)),
          detail('parent', e.parentId === 0 ? 'kernel' : e.parentId.toString(16).padStart(8, '0')),
          detail('eip', hex(e.eip)),
          detail('page directory', `physical ${hex(e.space)}`),
        ],
      };
    });
  }
}
