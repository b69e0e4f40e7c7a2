// Records every write and sync that a process does below one folder, in order: preloaded into the journal's process.
// Each record is a header and its payload, appended to the recording with one writev; record-format.ts reads them.
// A change and its record are made under one lock, so that the order of the records is the order of the changes.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { OPEN = 1, WRITE, TRUNCATE, SYNC_BEGIN, SYNC_END, RENAME, LINK, MAKE_FOLDER, UNLINK };
enum { CREATES = 1, TRUNCATES = 2, IS_FOLDER = 4 };
enum { FILES_MAX = 65536, PARTS_MAX = 512 };

struct header {
  uint32_t kind, flags, length, other_length;
  uint64_t handle, offset, sync;
};

struct open_file {
  uint64_t handle;
  dev_t device;
  ino_t inode;
  int is_synchronous;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct open_file files[FILES_MAX];
static char root[PATH_MAX];
static size_t root_length;
static int recording = -1;
static uint64_t serial, records, name_records, syncs_in_flight;
static uint64_t kill_after_records, kill_after_names;
static long sync_micros;

#define REAL(result, name, ...)                     \
  static result (*real)(__VA_ARGS__);               \
  if (!real) real = (result(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

static uint64_t number_of(const char *name) {
  const char *text = getenv(name);
  return text ? strtoull(text, NULL, 10) : 0;
}

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("HOLDFAST_RECORD_FILE"), *folder = getenv("HOLDFAST_RECORD_ROOT");
  if (!path || !folder || strlen(folder) >= sizeof root) return;
  strcpy(root, folder);
  root_length = strlen(root);
  sync_micros = (long)number_of("HOLDFAST_RECORD_SYNC_MICROS");
  kill_after_records = number_of("HOLDFAST_RECORD_KILL_AFTER");
  kill_after_names = number_of("HOLDFAST_RECORD_KILL_AFTER_NAMES");
  // What this process starts is recorded too, but not killed by the same count.
  unsetenv("HOLDFAST_RECORD_KILL_AFTER");
  unsetenv("HOLDFAST_RECORD_KILL_AFTER_NAMES");
  recording = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
}

// Nothing may change any more once the process ends: a change without its record would be missed.
__attribute__((destructor)) static void end(void) { pthread_mutex_lock(&lock); }

static int is_below_root(const char *path) {
  if (recording < 0 || strncmp(path, root, root_length) != 0) return 0;
  return path[root_length] == '/' || path[root_length] == 0;
}

static void enter(void) { pthread_mutex_lock(&lock); }

// kill -9 between two records. The kernel lets a sync end before the process is gone, so this waits for those.
static void leave(void) {
  int is_due = (kill_after_records && records >= kill_after_records) ||
               (kill_after_names && name_records >= kill_after_names);
  if (is_due && syncs_in_flight == 0) {
    syscall(SYS_kill, getpid(), SIGKILL);
    for (;;) pause();
  }
  pthread_mutex_unlock(&lock);
}

static void record(struct header head, const struct iovec *parts, int count) {
  struct iovec all[PARTS_MAX + 1];
  all[0] = (struct iovec){&head, sizeof head};
  memcpy(all + 1, parts, sizeof(struct iovec) * (size_t)count);
  int saved = errno;
  // A recording with a hole would prove nothing, so a recording that cannot be written ends the process.
  size_t length = sizeof head + head.length + head.other_length;
  if (syscall(SYS_writev, recording, all, count + 1) != (long)length) abort();
  errno = saved;
  records++;
}

static void record_names(uint32_t kind, const char *path, const char *other) {
  struct header head = {.kind = kind, .length = strlen(path), .other_length = other ? strlen(other) : 0};
  struct iovec parts[2] = {{(void *)path, head.length}, {(void *)other, head.other_length}};
  name_records++;
  record(head, parts, 2);
}

// Node closes files by the bare system call, so a number may be another file's by now: look at the inode.
static struct open_file *recorded_file(int fd) {
  if (recording < 0 || fd < 0 || fd >= FILES_MAX || files[fd].handle == 0) return NULL;
  struct stat status;
  int saved = errno;
  int is_same = fstat(fd, &status) == 0 && status.st_dev == files[fd].device && status.st_ino == files[fd].inode;
  errno = saved;
  return is_same ? &files[fd] : NULL;
}

static void note_open(int fd, const char *path, int flags, int is_synchronous) {
  struct stat status;
  if (fd < 0 || fd >= FILES_MAX || fstat(fd, &status) != 0) return;
  uint64_t handle = ((uint64_t)getpid() << 32) | ++serial;
  files[fd] = (struct open_file){handle, status.st_dev, status.st_ino, is_synchronous};
  struct header head = {.kind = OPEN, .length = strlen(path), .handle = handle};
  if (flags & O_CREAT) head.flags |= CREATES;
  if (flags & O_TRUNC) head.flags |= TRUNCATES;
  if (S_ISDIR(status.st_mode)) head.flags |= IS_FOLDER;
  struct iovec part = {(void *)path, head.length};
  record(head, &part, 1);
}

// A file opened with O_DSYNC is opened without: its writes are carried out as a write and a sync, to see both.
static int open_recorded(int (*real)(const char *, int, ...), const char *path, int flags, mode_t mode) {
  int synchronous = flags & (O_DSYNC | O_SYNC);
  enter();
  int fd = real(path, flags & ~(O_DSYNC | O_SYNC), mode);
  if (fd >= 0) note_open(fd, path, flags, synchronous != 0);
  leave();
  return fd;
}

#define OPEN_BODY(name)                                                     \
  REAL(int, name, const char *, int, ...);                                  \
  va_list more;                                                             \
  va_start(more, flags);                                                    \
  mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;   \
  va_end(more);                                                             \
  if (is_below_root(path)) return open_recorded(real, path, flags, mode);   \
  return real(path, flags, mode);

int open(const char *path, int flags, ...) { OPEN_BODY("open") }
int open64(const char *path, int flags, ...) { OPEN_BODY("open64") }

static int openat_recorded(const char *name, int folder, const char *path, int flags, mode_t mode) {
  int (*real)(int, const char *, int, ...) = (int (*)(int, const char *, int, ...))dlsym(RTLD_NEXT, name);
  if (path[0] != '/' || !is_below_root(path)) return real(folder, path, flags, mode);
  return open64(path, flags, mode);
}

#define OPENAT_BODY(name)                                                   \
  va_list more;                                                             \
  va_start(more, flags);                                                    \
  mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;   \
  va_end(more);                                                             \
  return openat_recorded(name, folder, path, flags, mode);

int openat(int folder, const char *path, int flags, ...) { OPENAT_BODY("openat") }
int openat64(int folder, const char *path, int flags, ...) { OPENAT_BODY("openat64") }

static int sync_recorded(int (*real)(int), int fd, uint64_t handle, uint64_t sync) {
  int result = real(fd);
  int saved = errno;
  if (sync_micros > 0) usleep((useconds_t)sync_micros);
  enter();
  syncs_in_flight--;
  struct header head = {.kind = SYNC_END, .handle = handle, .sync = sync, .flags = result != 0};
  record(head, NULL, 0);
  leave();
  errno = saved;
  return result;
}

static int sync_file(const char *name, int fd) {
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
  struct open_file *file = recorded_file(fd);
  if (!file) return real(fd);
  enter();
  uint64_t sync = ((uint64_t)getpid() << 32) | ++serial, handle = file->handle;
  syncs_in_flight++;
  struct header head = {.kind = SYNC_BEGIN, .handle = handle, .sync = sync};
  record(head, NULL, 0);
  leave();
  return sync_recorded(real, fd, handle, sync);
}

int fsync(int fd) { return sync_file("fsync", fd); }
int fdatasync(int fd) { return sync_file("fdatasync", fd); }

// Records the first `written` bytes of `parts`, which have just been written by the caller, who holds the lock.
static uint64_t record_write(struct open_file *file, uint64_t offset, const struct iovec *parts, int count,
                             size_t written) {
  struct iovec kept[PARTS_MAX];
  int used = 0;
  size_t left = written;
  for (int part = 0; part < count && left > 0; part++) {
    kept[used] = parts[part];
    if (kept[used].iov_len > left) kept[used].iov_len = left;
    left -= kept[used++].iov_len;
  }
  struct header head = {.kind = WRITE, .length = (uint32_t)written, .handle = file->handle, .offset = offset};
  if (file->is_synchronous) {
    head.sync = ((uint64_t)getpid() << 32) | ++serial;
    syncs_in_flight++;
  }
  record(head, kept, used);
  return head.sync;
}

// `offset` -1 means at the file's own position.
static ssize_t write_recorded(struct open_file *file, int fd, const struct iovec *parts, int count, off64_t offset) {
  static ssize_t (*real_writev)(int, const struct iovec *, int);
  static ssize_t (*real_pwritev)(int, const struct iovec *, int, off64_t);
  static int (*real_sync)(int);
  if (!real_sync) {
    real_writev = (ssize_t(*)(int, const struct iovec *, int))dlsym(RTLD_NEXT, "writev");
    real_pwritev = (ssize_t(*)(int, const struct iovec *, int, off64_t))dlsym(RTLD_NEXT, "pwritev64");
    real_sync = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
  }
  if (count > PARTS_MAX) abort();
  enter();
  ssize_t written = offset < 0 ? real_writev(fd, parts, count) : real_pwritev(fd, parts, count, offset);
  uint64_t sync = 0, handle = file->handle;
  if (written > 0) {
    // After the write, so that it holds for a file that is appended to as well.
    off64_t start = offset < 0 ? lseek64(fd, 0, SEEK_CUR) - written : offset;
    sync = record_write(file, (uint64_t)start, parts, count, (size_t)written);
  }
  leave();
  if (sync != 0 && sync_recorded(real_sync, fd, handle, sync) != 0) return -1;
  return written;
}

#define WRITE_BODY(name, parameters, arguments, parts, count, offset)                  \
  static ssize_t(*real) parameters;                                                    \
  if (!real) real = (ssize_t(*) parameters)dlsym(RTLD_NEXT, name);                     \
  struct open_file *file = recorded_file(fd);                                          \
  return file ? write_recorded(file, fd, parts, count, offset) : real arguments;

ssize_t write(int fd, const void *bytes, size_t length) {
  struct iovec part = {(void *)bytes, length};
  WRITE_BODY("write", (int, const void *, size_t), (fd, bytes, length), &part, 1, -1)
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) {
  struct iovec part = {(void *)bytes, length};
  WRITE_BODY("pwrite", (int, const void *, size_t, off_t), (fd, bytes, length, offset), &part, 1, offset)
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset) {
  struct iovec part = {(void *)bytes, length};
  WRITE_BODY("pwrite64", (int, const void *, size_t, off64_t), (fd, bytes, length, offset), &part, 1, offset)
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
  WRITE_BODY("writev", (int, const struct iovec *, int), (fd, parts, count), parts, count, -1)
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset) {
  WRITE_BODY("pwritev", (int, const struct iovec *, int, off_t), (fd, parts, count, offset), parts, count, offset)
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t offset) {
  WRITE_BODY("pwritev64", (int, const struct iovec *, int, off64_t), (fd, parts, count, offset), parts, count, offset)
}

static int truncate_recorded(const char *name, int fd, off64_t size) {
  int (*real)(int, off64_t) = (int (*)(int, off64_t))dlsym(RTLD_NEXT, name);
  struct open_file *file = recorded_file(fd);
  if (!file) return real(fd, size);
  enter();
  int result = real(fd, size);
  struct header head = {.kind = TRUNCATE, .handle = file->handle, .offset = (uint64_t)size};
  if (result == 0) record(head, NULL, 0);
  leave();
  return result;
}

int ftruncate(int fd, off_t size) { return truncate_recorded("ftruncate", fd, size); }
int ftruncate64(int fd, off64_t size) { return truncate_recorded("ftruncate64", fd, size); }

static int names_recorded(const char *name, uint32_t kind, const char *path, const char *other) {
  int (*real)(const char *, const char *) = (int (*)(const char *, const char *))dlsym(RTLD_NEXT, name);
  if (!is_below_root(path) && !is_below_root(other)) return real(path, other);
  enter();
  int result = real(path, other);
  if (result == 0) record_names(kind, path, other);
  leave();
  return result;
}

int rename(const char *path, const char *other) { return names_recorded("rename", RENAME, path, other); }
int link(const char *path, const char *other) { return names_recorded("link", LINK, path, other); }

static int name_recorded(const char *name, uint32_t kind, const char *path) {
  int (*real)(const char *) = (int (*)(const char *))dlsym(RTLD_NEXT, name);
  if (!is_below_root(path)) return real(path);
  enter();
  int result = real(path);
  if (result == 0) record_names(kind, path, NULL);
  leave();
  return result;
}

int unlink(const char *path) { return name_recorded("unlink", UNLINK, path); }
int rmdir(const char *path) { return name_recorded("rmdir", UNLINK, path); }

int mkdir(const char *path, mode_t mode) {
  REAL(int, "mkdir", const char *, mode_t);
  if (!is_below_root(path)) return real(path, mode);
  enter();
  int result = real(path, mode);
  if (result == 0) record_names(MAKE_FOLDER, path, NULL);
  leave();
  return result;
}
