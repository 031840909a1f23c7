/**
 * Ringside in VS Code: puts the debug adapter, its configurations, the serial terminal and the side-bar views together.
 * The only folder that imports `vscode`.
 *
 * Invariant: guest code never runs in the extension host; all it knows of the machine it asks the adapter.
 */
import * as vscode from 'vscode';
import { AdapterFactory } from './adapter-factory.ts';
import { ConfigurationResolver, DynamicConfigurations } from './configurations.ts';
import { GuestPrograms } from './guest-programs.ts';
import { MemoryDocuments } from './memory-document.ts';
import { DEBUG_TYPE } from './ringside-session.ts';
import { SerialTerminals } from './serial-terminal.ts';
import { StopTracker } from './stop-tracker.ts';
import { EnvironmentsView } from './views/environments-view.ts';
import { HeapView } from './views/heap-view.ts';
import { PageTablesView } from './views/page-tables-view.ts';

export function activate(context: vscode.ExtensionContext): void {
  const programs = new GuestPrograms(context.extensionUri);
  const stops = new StopTracker();
  const memory = new MemoryDocuments(stops);
  const adapters = new AdapterFactory(context.extensionUri);
  context.subscriptions.push(
    stops,
    memory,
    adapters,
    new SerialTerminals(),
    new EnvironmentsView(stops),
    new PageTablesView(stops),
    new HeapView(stops),
    vscode.debug.registerDebugAdapterDescriptorFactory(DEBUG_TYPE, adapters),
    vscode.debug.registerDebugConfigurationProvider(DEBUG_TYPE, new ConfigurationResolver(programs)),
    vscode.debug.registerDebugConfigurationProvider(
      DEBUG_TYPE,
      new DynamicConfigurations(programs),
      vscode.DebugConfigurationProviderTriggerKind.Dynamic,
    ),
  );
}
