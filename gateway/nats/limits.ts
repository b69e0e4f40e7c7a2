// Bounds of what travels between processes, in one place.
import { invariant } from '../../core/invariant.ts'
import { INBOX_MAX } from '../../core/limits.ts'

/** Commands of one frame. */
export const FRAME_COMMANDS_MAX = 1_024
/** Bytes of a frame's commands, by their upper bounds; NATS takes 1 MiB unless told otherwise. */
export const FRAME_BYTES_MAX: number = 512 * 1_024
/** Frames of one gateway to one partition that wait for their answers. More commands wait for the next frame. */
export const FRAMES_IN_FLIGHT_MAX = 16
/** Commands of one gateway to one partition that wait for a frame; one more is answered `busy`. */
export const QUEUE_MAX = 32_768
/** A frame without an answer is sent again after so long. */
export const ATTEMPT_MS = 1_000
/** How often deadlines and attempts are looked at. */
export const TICK_MS = 20
/** Senders whose clocks an owner remembers. */
export const SENDERS_MAX = 4_096
/** Characters of a sender's name. */
export const SENDER_LENGTH_MAX = 32
/** The longest deadline that a frame may ask for. */
export const DEADLINE_MS_MAX = 60_000

invariant(FRAME_COMMANDS_MAX <= INBOX_MAX, 'a partition has room for a frame')
invariant((QUEUE_MAX & (QUEUE_MAX - 1)) === 0, 'a ring holds a power of two')
