// The public suffix list as a trie over the labels of a name, the most general first.
//
// Made from the bytes of dnstide/mtbl/psl.py, which documents them:
//
//     u32 nodes | per node: u32 first child, u16 children, u8 flags, u8 label length, u32 label offset | labels
//
// The bytes are checked once, when the trie is made; walks then stay inside. Immutable, so any number of threads may walk.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bytes.h"

namespace dnstide {

class SuffixTrie {
public:
    // Throws std::invalid_argument where the bytes are not a trie.
    explicit SuffixTrie(std::string bytes);

    struct Domain {
        size_t end;   // of the last label of the registered domain, or past the closing zero where the name has none
        bool closed;  // every name under this registered domain has it too: no rule goes further down
    };
    // `name`: reversed labels and the closing zero, well formed.
    Domain registered(const uint8_t* name) const;

private:
    struct Node {
        uint32_t first;
        uint32_t label;
        uint16_t children;
        uint8_t flags;
        uint8_t length;
    };
    const Node* child(const Node& node, const uint8_t* label, uint8_t length) const;

    std::string bytes_;
    const uint8_t* labels_ = nullptr;
    std::vector<Node> nodes_;
};

}  // namespace dnstide
