/* What a process does to the files below a folder, written down in the order in which it is done, for tests of power loss.

   LD_PRELOAD this with LRS_JOURNAL=FILE LRS_JOURNAL_ROOT=FOLDER. One line an operation, its parts separated by tabs:

       create INODE PATH         a file that was not there before
       mkdir INODE PATH
       symlink TARGET PATH
       link OLD NEW
       rename OLD NEW            NEW is gone if it was there
       exchange ONE OTHER
       unlink PATH               a file, a link or an empty folder
       sync INODE NUMBER         fsync or fdatasync of a file: FILE.NUMBER has what was in it
       syncdir INODE             fsync of a folder
*/
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#undef open
#undef open64
#undef openat
#undef openat64
#undef fopen
#undef fopen64

#define REAL(name) ((__typeof__(&name))real(#name))
#define EXCHANGE 2u

static char root[PATH_MAX];
static size_t root_length;
static int journal = -1;
static atomic_long numbers;

static void *real(const char *name) {
    void *found = dlsym(RTLD_NEXT, name);
    if (!found) abort();
    return found;
}

/* The engine is opened so that it would take these from the C library whatever was loaded before. */
void *dlopen(const char *path, int flags) { return ((void *(*)(const char *, int))real("dlopen"))(path, flags & ~RTLD_DEEPBIND); }

static long raw(long number, long a, long b, long c, long d, long e, long f) {
    static long (*call)(long, ...);
    if (!call) call = (long (*)(long, ...))real("syscall");
    return call(number, a, b, c, d, e, f);
}

__attribute__((constructor)) static void begin(void) {
    const char *folder = getenv("LRS_JOURNAL_ROOT"), *file = getenv("LRS_JOURNAL");
    if (!folder || !file || !realpath(folder, root)) return;
    root_length = strlen(root);
    journal = (int)raw(SYS_openat, AT_FDCWD, (long)file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600, 0, 0);
}

static void note(const char *format, ...) {
    char line[4 * PATH_MAX];
    va_list parts;
    va_start(parts, format);
    int size = vsnprintf(line, sizeof line, format, parts);
    va_end(parts);
    if (raw(SYS_write, journal, (long)line, size, 0, 0, 0) != size) abort();
}

/* The path without links in its folders -> whether it lies below the root. What is gone keeps its name. */
static int place(int folder, const char *path, char *out) {
    char joined[2 * PATH_MAX], parent[PATH_MAX];
    if (journal < 0 || !path) return 0;
    if (path[0] == '/' || folder == AT_FDCWD) snprintf(joined, sizeof joined, "%s", path);
    else snprintf(joined, sizeof joined, "/proc/self/fd/%d/%s", folder, path);
    size_t length = strlen(joined);
    while (length > 1 && joined[length - 1] == '/') joined[--length] = 0;
    char *slash = strrchr(joined, '/');
    const char *name = slash ? slash + 1 : joined;
    if (slash) *slash = 0;
    if (!realpath(slash ? (slash == joined ? "/" : joined) : ".", parent)) return 0;
    if (snprintf(out, PATH_MAX, "%s/%s", parent, name) >= PATH_MAX) abort();
    return !strncmp(parent, root, root_length) && (parent[root_length] == '/' || !parent[root_length]);
}

static int is_there(const char *path) {
    struct stat found;
    return !lstat(path, &found);
}

static unsigned long inode(const char *path) {
    struct stat found;
    return lstat(path, &found) ? 0 : (unsigned long)found.st_ino;
}


/* Creating. */

static int opened(const char *call, int folder, const char *path, int flags, mode_t mode) {
    char where[PATH_MAX];
    int kept = errno, ours = (flags & O_CREAT) && place(folder, path, where), before = ours && is_there(where);
    errno = kept;
    int found = ((int (*)(int, const char *, int, ...))real(call))(folder, path, flags, mode);
    if (ours && !before && found >= 0) note("create\t%lu\t%s\n", inode(where), where);
    return found;
}

#define MODE(last) mode_t mode = 0; if (flags & (O_CREAT | O_TMPFILE)) { va_list more; va_start(more, last); mode = va_arg(more, mode_t); va_end(more); }
int open(const char *path, int flags, ...) { MODE(flags) return opened("openat", AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags) return opened("openat64", AT_FDCWD, path, flags, mode); }
int openat(int folder, const char *path, int flags, ...) { MODE(flags) return opened("openat", folder, path, flags, mode); }
int openat64(int folder, const char *path, int flags, ...) { MODE(flags) return opened("openat64", folder, path, flags, mode); }
int creat(const char *path, mode_t mode) { return opened("openat", AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }

static FILE *streamed(const char *call, const char *path, const char *how) {
    char where[PATH_MAX];
    int ours = how[0] != 'r' && place(AT_FDCWD, path, where), before = ours && is_there(where);
    FILE *found = ((FILE * (*)(const char *, const char *)) real(call))(path, how);
    if (ours && !before && found) note("create\t%lu\t%s\n", inode(where), where);
    return found;
}
FILE *fopen(const char *path, const char *how) { return streamed("fopen", path, how); }
FILE *fopen64(const char *path, const char *how) { return streamed("fopen64", path, how); }

int mkdirat(int folder, const char *path, mode_t mode) {
    char where[PATH_MAX];
    int done = REAL(mkdirat)(folder, path, mode);
    if (!done && place(folder, path, where)) note("mkdir\t%lu\t%s\n", inode(where), where);
    return done;
}
int mkdir(const char *path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }

int symlinkat(const char *target, int folder, const char *path) {
    char where[PATH_MAX];
    int done = REAL(symlinkat)(target, folder, path);
    if (!done && place(folder, path, where)) note("symlink\t%s\t%s\n", target, where);
    return done;
}
int symlink(const char *target, const char *path) { return symlinkat(target, AT_FDCWD, path); }

int linkat(int from, const char *old, int to, const char *new, int flags) {
    char source[PATH_MAX], where[PATH_MAX];
    int done = REAL(linkat)(from, old, to, new, flags);
    if (!done && place(from, old, source) && place(to, new, where)) note("link\t%s\t%s\n", source, where);
    return done;
}
int link(const char *old, const char *new) { return linkat(AT_FDCWD, old, AT_FDCWD, new, 0); }

/* Moving and removing. */

static int moved(int from, const char *old, int to, const char *new, unsigned flags) {
    char source[PATH_MAX], where[PATH_MAX];
    int ours = place(from, old, source) && place(to, new, where);
    int done = (int)raw(SYS_renameat2, from, (long)old, to, (long)new, flags, 0);
    if (ours && !done) note("%s\t%s\t%s\n", flags & EXCHANGE ? "exchange" : "rename", source, where);
    return done;
}
int rename(const char *old, const char *new) { return moved(AT_FDCWD, old, AT_FDCWD, new, 0); }
int renameat(int from, const char *old, int to, const char *new) { return moved(from, old, to, new, 0); }
int renameat2(int from, const char *old, int to, const char *new, unsigned flags) { return moved(from, old, to, new, flags); }

int unlinkat(int folder, const char *path, int flags) {
    char where[PATH_MAX];
    int ours = place(folder, path, where), done = REAL(unlinkat)(folder, path, flags);
    if (ours && !done) note("unlink\t%s\n", where);
    return done;
}
int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }
int rmdir(const char *path) { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }
int remove(const char *path) {
    int done = unlink(path);
    return done && (errno == EISDIR || errno == EPERM) ? rmdir(path) : done;
}

long syscall(long number, ...) {
    va_list more;
    va_start(more, number);
    long a = va_arg(more, long), b = va_arg(more, long), c = va_arg(more, long), d = va_arg(more, long), e = va_arg(more, long), f = va_arg(more, long);
    va_end(more);
    if (number == SYS_renameat2) return moved((int)a, (const char *)b, (int)c, (const char *)d, (unsigned)e);
    return raw(number, a, b, c, d, e, f);
}

/* Writing through. What is in the file is kept before: what is written meanwhile is not promised. */

static long copied(int descriptor) {
    char from[64], to[PATH_MAX];
    static char *(*file)(const char *);
    if (!file) file = (char *(*)(const char *))real("getenv");
    long number = atomic_fetch_add(&numbers, 1);
    snprintf(from, sizeof from, "/proc/self/fd/%d", descriptor);
    snprintf(to, sizeof to, "%s.%ld", file("LRS_JOURNAL"), number);
    int in = (int)raw(SYS_openat, AT_FDCWD, (long)from, O_RDONLY | O_CLOEXEC, 0, 0, 0);
    int out = (int)raw(SYS_openat, AT_FDCWD, (long)to, O_WRONLY | O_CREAT | O_CLOEXEC, 0600, 0, 0);
    if (in < 0 || out < 0) abort();
    char piece[65536];
    long size;
    while ((size = raw(SYS_read, in, (long)piece, sizeof piece, 0, 0, 0)) > 0)
        if (raw(SYS_write, out, (long)piece, size, 0, 0, 0) != size) abort();
    raw(SYS_close, in, 0, 0, 0, 0, 0);
    raw(SYS_close, out, 0, 0, 0, 0, 0);
    return number;
}

static int synced(long call, int descriptor) {
    char link[64], path[PATH_MAX];
    struct stat found;
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = journal < 0 ? -1 : readlink(link, path, sizeof path - 1);
    int ours = length >= (ssize_t)root_length && !strncmp(path, root, root_length) && !fstat(descriptor, &found);
    long number = ours && S_ISREG(found.st_mode) ? copied(descriptor) : -1;
    int done = (int)raw(call, descriptor, 0, 0, 0, 0, 0);
    if (ours && !done && number >= 0) note("sync\t%lu\t%ld\n", (unsigned long)found.st_ino, number);
    if (ours && !done && S_ISDIR(found.st_mode)) note("syncdir\t%lu\n", (unsigned long)found.st_ino);
    return done;
}
int fsync(int descriptor) { return synced(SYS_fsync, descriptor); }
int fdatasync(int descriptor) { return synced(SYS_fdatasync, descriptor); }
