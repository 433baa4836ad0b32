/* Faults of disk and clock for a program that knows nothing of them (LD_PRELOAD).

   One page of shared memory (TORTURE_CONTROL) says what goes wrong, and counts what did. Disk
   faults hit only files under TORTURE_UNDER. A failed sync loses what it was to keep, as a page
   cache does: what was written since the last good one is as before. Laid out as in shim.py. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { WELL, SYNC_EIO, WRITE_EIO, NO_SPACE, SHORT, READ_ONLY, FROZEN };

struct control {
    int64_t disk;         /* what is wrong with the disk */
    int64_t hits;         /* calls that it hit */
    int64_t first_hit_ns; /* when, on the monotonic clock */
    int64_t clock_step_ns;
    int64_t clock_frozen_ns; /* the wall clock stands here; 0: it goes */
};

static volatile struct control *control;
static const char *under;

struct piece {
    dev_t device;
    ino_t file;
    off_t at, size_before;
    size_t old;
    struct piece *earlier;
    unsigned char bytes[];
};

static struct piece *unsynced;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static int (*real_clock)(clockid_t, struct timespec *);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static ssize_t (*real_write)(int, const void *, size_t);
static int (*real_fsync)(int), (*real_fdatasync)(int);
static int (*real_open)(const char *, int, ...), (*real_openat)(int, const char *, int, ...);

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("TORTURE_CONTROL");
    real_clock = dlsym(RTLD_NEXT, "clock_gettime");
    real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
    real_write = dlsym(RTLD_NEXT, "write");
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    real_open = dlsym(RTLD_NEXT, "open64");
    real_openat = dlsym(RTLD_NEXT, "openat64");
    under = getenv("TORTURE_UNDER");
    if (path) {
        int file = real_open(path, O_RDWR);
        void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        control = page == MAP_FAILED ? NULL : page;
        close(file);
    }
}

static int is_ours(const char *path)
{
    return under && strncmp(path, under, strlen(under)) == 0;
}

static int is_our_file(int file)
{
    char link[32], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return is_ours(path);
}

static void hit(void)
{
    struct timespec now;
    real_clock(CLOCK_MONOTONIC, &now);
    if (!control->first_hit_ns)
        control->first_hit_ns = now.tv_sec * 1000000000LL + now.tv_nsec;
    control->hits++;
}

/* A fault of the real disk counts too. */
static ssize_t counted(ssize_t result)
{
    if (result < 0 && (errno == ENOSPC || errno == EROFS || errno == EIO)) hit();
    return result;
}

static void wait_while_frozen(void)
{
    struct timespec pause = {0, 10000000};
    if (control->disk == FROZEN) hit();
    while (control->disk == FROZEN) nanosleep(&pause, NULL);
}

/* Remember what stands where something is written, until it is synced. */
static void remember(int file, size_t count, off_t at)
{
    struct stat is;
    struct piece *piece = malloc(sizeof *piece + count);
    if (!piece || fstat(file, &is)) { free(piece); return; }
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    int reader = real_open(path, O_RDONLY);
    ssize_t old = reader < 0 ? 0 : pread(reader, piece->bytes, count, at);
    if (reader >= 0) close(reader);
    *piece = (struct piece){is.st_dev, is.st_ino, at, is.st_size, old < 0 ? 0 : old, NULL};
    pthread_mutex_lock(&lock);
    piece->earlier = unsynced;
    unsynced = piece;
    pthread_mutex_unlock(&lock);
}

/* Drop what is remembered of a file; first put it back if it is lost. */
static void forget(int file, int lost)
{
    struct stat is;
    if (fstat(file, &is)) return;
    pthread_mutex_lock(&lock);
    for (struct piece **next = &unsynced; *next;) {
        struct piece *one = *next;
        if (one->device != is.st_dev || one->file != is.st_ino) { next = &one->earlier; continue; }
        if (lost) {
            if (real_pwrite(file, one->bytes, one->old, one->at) < 0) perror("put back");
            if (ftruncate(file, one->size_before)) perror("put back");
        }
        *next = one->earlier;
        free(one);
    }
    pthread_mutex_unlock(&lock);
}

static int synced(int file, int (*sync)(int))
{
    if (!control || !is_our_file(file)) return sync(file);
    wait_while_frozen();
    if (control->disk == SYNC_EIO) {
        hit();
        forget(file, 1);
        errno = EIO;
        return -1;
    }
    int result = counted(sync(file));
    if (result == 0) forget(file, 0);
    return result;
}

int fsync(int file) { return synced(file, real_fsync); }
int fdatasync(int file) { return synced(file, real_fdatasync); }

/* Return how much may be written: what was asked, less, or nothing and why. */
static ssize_t allowed(size_t count)
{
    wait_while_frozen();
    switch (control->disk) {
    case WRITE_EIO: hit(); errno = EIO; return -1;
    case NO_SPACE: hit(); errno = ENOSPC; return -1;
    case READ_ONLY: hit(); errno = EROFS; return -1;
    case SHORT:
        hit();
        if (count > 1) return count / 2;
        errno = ENOSPC;
        return -1;
    default: return count;
    }
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off_t at)
{
    if (control && is_our_file(file)) {
        ssize_t may = allowed(count);
        if (may < 0) return -1;
        count = may;
        remember(file, count, at);
        return counted(real_pwrite(file, bytes, count, at));
    }
    return real_pwrite(file, bytes, count, at);
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t at)
{
    return pwrite64(file, bytes, count, at);
}

ssize_t write(int file, const void *bytes, size_t count)
{
    if (!real_write) real_write = dlsym(RTLD_NEXT, "write");
    if (control && is_our_file(file)) {
        ssize_t may = allowed(count);
        if (may < 0) return -1;
        count = may;
        remember(file, count, lseek(file, 0, SEEK_CUR));
        return counted(real_write(file, bytes, count));
    }
    return real_write(file, bytes, count);
}

static int may_open(const char *path, int flags)
{
    if (!control || control->disk != READ_ONLY || !is_ours(path)) return 1;
    if ((flags & O_ACCMODE) == O_RDONLY && !(flags & O_CREAT)) return 1;
    hit();
    errno = EROFS;
    return 0;
}

#define MODE(flags) \
    mode_t mode = 0; \
    if (flags & (O_CREAT | __O_TMPFILE)) { \
        va_list more; va_start(more, flags); mode = va_arg(more, mode_t); va_end(more); \
    }

int open64(const char *path, int flags, ...)
{
    MODE(flags)
    if (!real_open) real_open = dlsym(RTLD_NEXT, "open64");
    return may_open(path, flags) ? real_open(path, flags, mode) : -1;
}

int open(const char *path, int flags, ...)
{
    MODE(flags)
    return open64(path, flags, mode);
}

int openat64(int folder, const char *path, int flags, ...)
{
    MODE(flags)
    if (!real_openat) real_openat = dlsym(RTLD_NEXT, "openat64");
    return may_open(path, flags) ? real_openat(folder, path, flags, mode) : -1;
}

int openat(int folder, const char *path, int flags, ...)
{
    MODE(flags)
    return openat64(folder, path, flags, mode);
}

int clock_gettime(clockid_t clock, struct timespec *at)
{
    if (!real_clock) real_clock = dlsym(RTLD_NEXT, "clock_gettime");
    int result = real_clock(clock, at);
    if (result || !control || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)) return result;
    int64_t ns = at->tv_sec * 1000000000LL + at->tv_nsec;
    ns = control->clock_frozen_ns ? control->clock_frozen_ns : ns + control->clock_step_ns;
    at->tv_sec = ns / 1000000000LL;
    at->tv_nsec = ns % 1000000000LL;
    return 0;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone)
{
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    at->tv_sec = now.tv_sec;
    at->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *at)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (at) *at = now.tv_sec;
    return now.tv_sec;
}
