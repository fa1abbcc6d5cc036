// What Swift's Glibc module leaves out: functions with variable arguments.
#pragma once
#include <sys/prctl.h>

// Forbids core files and debuggers of the same user from reading this process.
static inline int linux_forbid_dumps(void) { return prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L); }
