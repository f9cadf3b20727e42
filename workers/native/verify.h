// Walks a whole table: every checksum, the order of all keys, the index, every dnstable entry, and the trailer's sums.
#pragma once

#include <cstdint>

#include "cancel.h"
#include "skipped.h"
#include "table.h"

namespace dnstide {

// Returns the rows that are none, which no answer counts. Throws TableError for the first other thing that is wrong, and where
// no row is one; Cancelled and DeadlineExceeded between blocks. One thread.
Skipped verify(const Table& table, const Cancel* cancel);

}  // namespace dnstide
