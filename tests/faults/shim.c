/* Fails the n-th write, sync or rename below a folder, for tests/faults/. Loaded by LD_PRELOAD.

   FAULT_FOLDER names the folder; other files, pipes and sockets are left alone. fault_arm(n, error, sticky) is called
   from the process itself (ctypes): the n-th call from then on fails with `error`, with `sticky` all later ones too.
   fault_count() says how many calls there were, fault_last() what the failed one was. n = 0 disarms. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static long armed, seen, sticky_from;
static int fault_error;
static char last[64];
static const char *folder;
static size_t folder_length;

__attribute__((constructor)) static void begin(void) {
    folder = getenv("FAULT_FOLDER");
    folder_length = folder ? strlen(folder) : 0;
}

void fault_arm(long n, int error, int sticky) {
    seen = 0;
    armed = n;
    fault_error = error;
    sticky_from = sticky;
    last[0] = 0;
}
long fault_count(void) { return seen; }
const char *fault_last(void) { return last; }

static int below(const char *path) {
    return folder_length && path && !strncmp(path, folder, folder_length) &&
           (path[folder_length] == '/' || path[folder_length] == 0);
}

static int fails(const char *call, const char *path) {
    if (!armed || !below(path)) return 0;
    seen++;
    if (seen != armed && !(sticky_from && seen > armed)) return 0;
    if (seen == armed) {
        const char *name = strrchr(path, '/');
        snprintf(last, sizeof last, "%s %s", call, name ? name + 1 : path);
    }
    errno = fault_error;
    return 1;
}

static int fails_fd(const char *call, int fd) {
    char link[64], path[4096];
    if (!armed) return 0;
    int kept = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    errno = kept;
    if (length <= 0) return 0;
    path[length] = 0;
    return fails(call, path);
}

#define REAL(type, name, ...) \
    static type (*real)(__VA_ARGS__); \
    if (!real) real = (type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)

ssize_t write(int fd, const void *data, size_t size) {
    REAL(ssize_t, write, int, const void *, size_t);
    return fails_fd("write", fd) ? -1 : real(fd, data, size);
}
ssize_t pwrite(int fd, const void *data, size_t size, off_t at) {
    REAL(ssize_t, pwrite, int, const void *, size_t, off_t);
    return fails_fd("pwrite", fd) ? -1 : real(fd, data, size, at);
}
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) {
    REAL(ssize_t, pwrite64, int, const void *, size_t, off64_t);
    return fails_fd("pwrite", fd) ? -1 : real(fd, data, size, at);
}
int fsync(int fd) {
    REAL(int, fsync, int);
    return fails_fd("fsync", fd) ? -1 : real(fd);
}
int fdatasync(int fd) {
    REAL(int, fdatasync, int);
    return fails_fd("fdatasync", fd) ? -1 : real(fd);
}
int ftruncate(int fd, off_t size) {
    REAL(int, ftruncate, int, off_t);
    return fails_fd("ftruncate", fd) ? -1 : real(fd, size);
}
int ftruncate64(int fd, off64_t size) {
    REAL(int, ftruncate64, int, off64_t);
    return fails_fd("ftruncate", fd) ? -1 : real(fd, size);
}
int rename(const char *from, const char *to) {
    REAL(int, rename, const char *, const char *);
    return fails("rename", to) ? -1 : real(from, to);
}
int link(const char *from, const char *to) {
    REAL(int, link, const char *, const char *);
    return fails("link", to) ? -1 : real(from, to);
}
