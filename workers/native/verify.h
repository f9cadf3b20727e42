// Walks a whole table: every checksum, the order of all keys, the index, every dnstable entry, and the trailer's sums.
#pragma once

#include <cstdint>

#include "cancel.h"
#include "table.h"

namespace dnstide {

// Throws TableError for the first thing that is wrong, Cancelled and DeadlineExceeded between blocks. One thread.
void verify(const Table& table, const Cancel* cancel);

}  // namespace dnstide
