// What Swift's Glibc module leaves out: functions with variable arguments.
#pragma once
#include <sys/prctl.h>

// Forbids core files and debuggers of the same user from reading this process.
static inline int linux_forbid_dumps(void) { return prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L); }

#include <sys/timex.h>

// Whether somebody keeps the kernel's clock right, and by how much it may be off, in microseconds.
static inline int linux_clock_is_synchronised(long *error) {
    struct timex clock = {0};
    int state = adjtimex(&clock);
    *error = clock.maxerror;
    return state >= 0 && state != TIME_ERROR && !(clock.status & STA_UNSYNC);
}

#include <string.h>
#include <sys/socket.h>

// Receives a datagram and the process that the kernel says has sent it: zero where unknown.
// The structures of ancillary data are macros, and `ucred` needs _GNU_SOURCE.
struct linux_credentials {
    int pid;
    unsigned int uid;
    unsigned int gid;
};

static inline ssize_t linux_receive_from(int fd, void *buffer, size_t length, int *pid) {
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(struct linux_credentials))];
    } control;
    struct iovec vector = {buffer, length};
    struct msghdr message;
    memset(&message, 0, sizeof message);
    message.msg_iov = &vector;
    message.msg_iovlen = 1;
    message.msg_control = control.bytes;
    message.msg_controllen = sizeof control.bytes;
    *pid = 0;
    ssize_t count = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
    if (count < 0) return count;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    // 2 is SCM_CREDENTIALS.
    if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == 2
        && header->cmsg_len == CMSG_LEN(sizeof(struct linux_credentials))) {
        struct linux_credentials sender;
        memcpy(&sender, CMSG_DATA(header), sizeof sender);
        *pid = sender.pid;
    }
    return count;
}
