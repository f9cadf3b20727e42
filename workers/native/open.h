// Opens many tables as one batch: the end of every file is requested from the disk before the first is read.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "error.h"
#include "table.h"

namespace dnstide {

struct OpenOutcome {
    std::shared_ptr<const Table> table;
    std::optional<TableError> error;  // set where there is no table
};

// In the order of the paths, on at most `threads` threads. Throws nothing for a bad table.
std::vector<OpenOutcome> open_tables(std::vector<std::string> paths, unsigned threads);

}  // namespace dnstide
