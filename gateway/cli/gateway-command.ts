// `holdfast gateway`: HTTP in front of partitions behind NATS.
import type { Command } from 'commander'
import { GatewayServer } from '../gateway-server.ts'
import { gatewaySettings } from '../settings.ts'
import { processCommand } from './process-command.ts'

const AFTER_HELP = `
Examples:
  holdfast gateway --nats nats://10.0.0.5:4222
  holdfast gateway --nats nats://a:4222 --nats nats://b:4222 --port 8080
  HOLDFAST_NATS_CREDS_FILE=/etc/holdfast/gateway.creds holdfast gateway

It listens at once and answers 503 until NATS and the owner of partition 0 are there. Any number can run side by side.
Every flag has a variable, HOLDFAST_PORT for --port; flags win.
Exit codes: 0 drained, 1 a fault (the cluster has changed its shape), 70 a bug, 78 bad configuration.`

/** The command, for the CLI's main. */
export function gatewayCommand(): Command {
  return processCommand({
    name: 'gateway',
    description: 'Take requests over HTTP for partitions behind NATS; keeps nothing itself.',
    schema: gatewaySettings,
    afterHelp: AFTER_HELP,
    create: (settings, logger, hooks) => new GatewayServer(settings, logger, hooks),
  })
}
