/** Ringside's custom requests, with their types, over VS Code's session object. */
import type * as vscode from 'vscode';
import type { CustomRequests } from '../debug-adapter/protocol/custom-requests.ts';

export const DEBUG_TYPE = 'ringside';

/** @throws Error with the adapter's cause and remedy as its message */
export async function ask<R extends keyof CustomRequests>(
  session: vscode.DebugSession,
  request: R,
  args: CustomRequests[R]['arguments'],
): Promise<CustomRequests[R]['body']> {
  return (await session.customRequest(request, args)) as CustomRequests[R]['body'];
}
