#pragma once
#include <stdint.h>

/// How often this thread has taken memory from the heap.
uint64_t allocations_of_thread(void);
