// Builds the recorder with the machine's own compiler: it is preloaded into a process, so it must fit its C library.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { DrillError } from '../errors.ts'

/** Seen from the compiled file: the source is not copied to dist. */
const SOURCE = fileURLToPath(new URL('../../../../gateway/drill/power/recorder.c', import.meta.url))
const FLAGS = ['-O2', '-shared', '-fPIC']
const LIBRARIES = ['-ldl', '-lpthread']

/**
 * Compiles the recorder into `folder` and gives the library's path.
 * @throws DrillError `no_compiler` when the machine has none, or it fails.
 */
export async function buildRecorder(folder: string, compiler = 'cc'): Promise<string> {
  const library = join(folder, 'recorder.so')
  try {
    await promisify(execFile)(compiler, [...FLAGS, '-o', library, SOURCE, ...LIBRARIES])
    return library
  } catch (cause) {
    throw explained(compiler, cause as NodeJS.ErrnoException & { readonly stderr?: string })
  }
}

function explained(
  compiler: string,
  cause: NodeJS.ErrnoException & { readonly stderr?: string },
): DrillError {
  if (cause.code === 'ENOENT') {
    return new DrillError(
      'no_compiler',
      `The drill records writes with a small C library, and there is no C compiler: ${compiler} was not found. ` +
        'Install one (Debian, Ubuntu: apt-get install gcc libc6-dev; Fedora: dnf install gcc) and run it again.',
    )
  }
  const reason = (cause.stderr ?? cause.message).trim()
  const message = `The C compiler ${compiler} does not build the recorder. The drill needs Linux with glibc.\n${reason}`
  return new DrillError('no_compiler', message)
}
