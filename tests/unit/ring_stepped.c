/* ring_stepped.c - the ring, built to be stepped.
 * SPDX-License-Identifier: MIT
 */
#include "ring_memory.h"
#include "core/board/ring.c"
