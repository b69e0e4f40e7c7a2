// `holdfast drill …`: proofs by destruction, on the user's own machine and disk.
import { Command } from 'commander'
import { clusterDrillCommand } from './drill-cluster-command.ts'
import { damageCommand } from './drill-damage-command.ts'
import { killCommand } from './drill-kill-command.ts'
import { powerCommand } from './drill-power-command.ts'

/** The command and its sub-commands, for the CLI's main. */
export function drillCommand(): Command {
  return new Command('drill')
    .description('Prove the promises by destruction.')
    .addCommand(killCommand())
    .addCommand(powerCommand())
    .addCommand(damageCommand())
    .addCommand(clusterDrillCommand())
}
