// What Transport needs of libzmq and of Linux and what Swift cannot import by itself: macros with
// casts, variadic calls, and names that Glibc's module map leaves out.
#ifndef BELLWETHER_CZEROMQ_SHIM_H
#define BELLWETHER_CZEROMQ_SHIM_H

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

// The header hides option 93 behind the draft switch, but the library has it since 4.3.0. Without
// it a server that lost its ZAP handler lets every key in.
enum { bellwether_zap_enforce_domain = 93 };

// A counter that poll can wait on; -1 with errno on failure.
static inline int bellwether_eventfd_create(void) {
    return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
}

// Makes the counter readable. Returns 0, or -1 with errno.
static inline int bellwether_eventfd_signal(int descriptor) {
    uint64_t one = 1;
    for (;;) {
        if (write(descriptor, &one, sizeof one) == (ssize_t)sizeof one) return 0;
        if (errno == EAGAIN) return 0; // Already readable, which is all we want.
        if (errno != EINTR) return -1;
    }
}

// Makes the counter unreadable again.
static inline void bellwether_eventfd_drain(int descriptor) {
    uint64_t value;
    while (read(descriptor, &value, sizeof value) < 0 && errno == EINTR) {
    }
}

// The kernel's number of the calling thread.
static inline int64_t bellwether_thread_id(void) { return (int64_t)syscall(SYS_gettid); }

// Names the calling thread; the kernel keeps 15 bytes.
static inline void bellwether_thread_name(const char *name) {
    prctl(PR_SET_NAME, (unsigned long)name, 0, 0, 0);
}

// Overwrites a secret in a way that the compiler may not remove.
static inline void bellwether_zero(void *bytes, size_t count) { explicit_bzero(bytes, count); }

// Nanoseconds that only grow, also while the wall clock is set. CLOCK_MONOTONIC stands still while
// the machine sleeps, which is what leases between processes of one machine need.
static inline int64_t bellwether_monotonic(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

// UTC nanoseconds since 1970.
static inline int64_t bellwether_wall(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

// Whether a process listens at a UNIX socket's path. libzmq unlinks the path before it binds, so
// without this question a second process would silently take the first one's place.
static inline int bellwether_unix_is_served(const char *path) {
    struct sockaddr_un address;
    memset(&address, 0, sizeof address);
    address.sun_family = AF_UNIX;
    if (strlen(path) >= sizeof address.sun_path) return 0;
    strcpy(address.sun_path, path);
    int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (probe < 0) return 0;
    int served = connect(probe, (struct sockaddr *)&address, sizeof address) == 0;
    close(probe);
    return served;
}

#endif
