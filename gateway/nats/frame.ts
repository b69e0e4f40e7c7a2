// Frames: what travels between a gateway and the owner of a partition. Versioned MessagePack, positional.
import { Type } from '#typebox'
import { Compile } from '#typebox/compile'
import type { Command, ListDue, ListSkus } from '../../core/command.ts'
import { partitionOfCommand } from '../../core/partition-of.ts'
import type { Plain } from '../../journal/event-codec.ts'
import { packr } from '../../journal/message-pack.ts'
import { TRACEPARENT } from '../api/trace-context.ts'
import { encodeCommand, readCommand } from './command-codec.ts'
import {
  DEADLINE_MS_MAX,
  FRAME_BYTES_MAX,
  FRAME_COMMANDS_MAX,
  SENDER_LENGTH_MAX,
} from './limits.ts'

/** Of both kinds of frame. An owner refuses every other version by name. */
export const FRAME_VERSION = 2

/** Where a frame belongs; both sides insist on it. */
export interface FramePlace {
  readonly partition: number
  readonly partitionCount: number
}

/** Commands of one turn of a gateway, for one partition. */
export interface CommandFrame extends FramePlace {
  /** The highest epoch that the sender has heard of; 0 for none. */
  readonly epoch: number
  /** Who sends, and the frame's number with it: an attempt more has the same two. */
  readonly sender: string
  readonly number: number
  /** By the sender's monotonic clock, in whole ms. */
  readonly sentAtMs: number
  /** How long after `sentAtMs` the commands may still be begun. */
  readonly dueInMs: number
  readonly commands: readonly Command[]
  /** Of those commands that have one, in the order of the commands. */
  readonly notes: readonly CommandNote[]
}

/** What a frame says of one of its commands. */
export interface CommandNote {
  /** Which command. */
  readonly index: number
  /** How long after `sentAtMs` it may still be begun, when that is less than the frame's. */
  readonly dueInMs: number | null
  /** The trace that it belongs to. */
  readonly traceparent: string | null
}

/** Why a frame was not executed, as a whole. */
export type FrameRefusal = 'malformed' | 'version' | 'place' | 'overdue'
const REFUSALS: readonly FrameRefusal[] = ['malformed', 'version', 'place', 'overdue']

/** The owner's answer to a frame: an encoded answer per command, or why there are none. */
export interface AnswerFrame extends FramePlace {
  readonly epoch: number
  readonly number: number
  readonly answers: readonly Plain[] | FrameRefusal
  /** Whole µs in queue, actor and journal, by the frame's last command; absent for a refusal. */
  readonly stageMicros?: StageMicros
}

/** Queue, actor, journal. */
export type StageMicros = readonly [number, number, number]

const integer = (maximum: number) => Type.Integer({ minimum: 0, maximum })
const place = [integer(9_999), Type.Integer({ minimum: 1, maximum: 9_999 })]
const safe = integer(Number.MAX_SAFE_INTEGER)
const sender = Type.String({ pattern: `^[A-Za-z0-9_-]{1,${SENDER_LENGTH_MAX}}$` })

const noteForm = Type.Tuple([
  integer(FRAME_COMMANDS_MAX - 1),
  Type.Union([integer(DEADLINE_MS_MAX), Type.Null()]),
  Type.Union([Type.String({ pattern: TRACEPARENT }), Type.Null()]),
])
const commandForm = Compile(
  Type.Tuple([
    Type.Literal(FRAME_VERSION),
    ...place,
    safe,
    sender,
    safe,
    safe,
    integer(DEADLINE_MS_MAX),
    Type.Array(Type.Unknown(), { minItems: 1, maxItems: FRAME_COMMANDS_MAX }),
    Type.Array(noteForm, { maxItems: FRAME_COMMANDS_MAX }),
  ]),
)
const answerHead = [Type.Literal(FRAME_VERSION), ...place, safe, safe]
const answerForm = Compile(
  Type.Union([
    Type.Tuple([
      ...answerHead,
      Type.Array(Type.Unknown(), { maxItems: FRAME_COMMANDS_MAX }),
      Type.Tuple([safe, safe, safe]),
    ]),
    Type.Tuple([...answerHead, Type.Union(REFUSALS.map((reason) => Type.Literal(reason)))]),
  ]),
)

/** In every version, for ever: otherwise nobody could be told that his version is not understood. */
const versionRefusalForm = Compile(
  Type.Tuple([safe, ...place, safe, safe, Type.Literal('version')]),
)

export function encodeCommandFrame(frame: CommandFrame): Uint8Array {
  const { partition, partitionCount, epoch, number, sentAtMs, dueInMs } = frame
  const head = [FRAME_VERSION, partition, partitionCount, epoch, frame.sender, number]
  const notes = frame.notes.map((note) => [note.index, note.dueInMs, note.traceparent])
  return packr.pack([...head, sentAtMs, dueInMs, frame.commands.map(encodeCommand), notes])
}

/** The frame that `bytes` hold for the owner of `own`, or why it must not be executed. */
export function readCommandFrame(bytes: Uint8Array, own: FramePlace): CommandFrame | FrameRefusal {
  // Commands are counted by their upper bounds, so an honest frame is always shorter.
  if (bytes.length > 2 * FRAME_BYTES_MAX) return 'malformed'
  const value = unpack(bytes)
  if (!Array.isArray(value)) return 'malformed'
  if (value[0] !== FRAME_VERSION) return 'version'
  if (!commandForm.Check(value)) return 'malformed'
  const [, partition, partitionCount, epoch, name, number, sentAtMs, dueInMs, wires, noteWires] =
    value as unknown as CommandFields
  if (partition !== own.partition || partitionCount !== own.partitionCount) return 'place'
  const commands = readCommands(wires, own)
  const notes = readNotes(noteWires, wires.length)
  if (commands === undefined || notes === undefined) return 'malformed'
  const times = { sentAtMs, dueInMs }
  return { partition, partitionCount, epoch, sender: name, number, ...times, commands, notes }
}

export function encodeAnswerFrame(frame: AnswerFrame): Uint8Array {
  const { partition, partitionCount, epoch, number, answers, stageMicros } = frame
  const fields = [FRAME_VERSION, partition, partitionCount, epoch, number, answers]
  return packr.pack(typeof answers === 'string' ? fields : [...fields, stageMicros ?? [0, 0, 0]])
}

/** Whether its answer is a list, by far the largest ones: alone in a frame, every frame's answers fit one message. */
export function travelsAlone(command: Command): command is ListSkus | ListDue {
  return command.kind === 'list-skus' || command.kind === 'list-due'
}

/** The answers that `bytes` hold; `version` when an owner of another one refuses ours, undefined when they are none. */
export function readAnswerFrame(bytes: Uint8Array): AnswerFrame | 'version' | undefined {
  const value = unpack(bytes)
  if (!answerForm.Check(value)) return versionRefusalForm.Check(value) ? 'version' : undefined
  const [, partition, partitionCount, epoch, number, answers, stageMicros] =
    value as unknown as AnswerFields
  const head = { partition, partitionCount, epoch, number, answers }
  return stageMicros === undefined ? head : { ...head, stageMicros }
}

type NoteFields = [number, number | null, string | null]
type CommandFields = [
  ...[version: number, partition: number, partitionCount: number, epoch: number, sender: string],
  ...[number: number, sentAtMs: number, dueInMs: number, commands: unknown[], notes: NoteFields[]],
]
type AnswerFields = [
  ...[version: number, partition: number, partitionCount: number, epoch: number, number: number],
  ...[answers: Plain[] | FrameRefusal, stageMicros: StageMicros | undefined],
]

// Each of another command, in order, and none that says nothing.
function readNotes(wires: readonly NoteFields[], count: number): CommandNote[] | undefined {
  const notes: CommandNote[] = []
  let last = -1
  for (const [index, dueInMs, traceparent] of wires) {
    const saysNothing = dueInMs === null && traceparent === null
    if (index <= last || index >= count || saysNothing) return undefined
    last = index
    notes.push({ index, dueInMs, traceparent })
  }
  return notes
}

// Every one, or none: a frame with one bad command in it did not come from a gateway of ours.
function readCommands(wires: readonly unknown[], own: FramePlace): Command[] | undefined {
  const commands: Command[] = []
  for (const wire of wires) {
    const command = readCommand(wire)
    if (command === undefined || !belongs(command, own, wires.length)) return undefined
    commands.push(command)
  }
  return commands
}

function belongs(command: Command, own: FramePlace, count: number): boolean {
  if (travelsAlone(command)) return count === 1
  if (command.kind === 'describe') return true
  return partitionOfCommand(command, own.partitionCount) === own.partition
}

function unpack(bytes: Uint8Array): unknown {
  try {
    return packr.unpack(bytes)
  } catch {
    return undefined
  }
}
