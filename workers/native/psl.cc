#include "psl.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace dnstide {
namespace {

constexpr uint8_t kExact = 1, kWildcard = 2, kException = 4;
constexpr size_t kNodeBytes = 12;
constexpr unsigned kMaxLabels = 128;

}  // namespace

SuffixTrie::SuffixTrie(std::string bytes) : bytes_(std::move(bytes)) {
    const auto* p = reinterpret_cast<const uint8_t*>(bytes_.data());
    const uint64_t count = bytes_.size() < 4 ? 0 : load_le32(p);
    if (count == 0 || count * kNodeBytes + 4 > bytes_.size()) throw std::invalid_argument("suffix list is cut short");
    labels_ = p + 4 + count * kNodeBytes;
    const uint64_t room = bytes_.size() - 4 - count * kNodeBytes;
    nodes_.reserve(count);
    for (uint64_t i = 0; i < count; ++i) {
        const uint8_t* at = p + 4 + i * kNodeBytes;
        const Node node{load_le32(at), load_le32(at + 8), static_cast<uint16_t>(at[4] | at[5] << 8), at[6], at[7]};
        // Children come after their parent, so that a walk ends.
        const bool ahead = node.children == 0 || node.first > i;
        if (!ahead || uint64_t{node.first} + node.children > count || uint64_t{node.label} + node.length > room) {
            throw std::invalid_argument("suffix list points outside itself");
        }
        nodes_.push_back(node);
    }
}

const SuffixTrie::Node* SuffixTrie::child(const Node& node, const uint8_t* label, uint8_t length) const {
    const Node* const end = nodes_.data() + node.first + node.children;
    const Bytes wanted(label, length);
    const Node* match = std::lower_bound(nodes_.data() + node.first, end, wanted, [this](const Node& n, Bytes w) {
        return compare(Bytes(labels_ + n.label, n.length), w) < 0;
    });
    return match != end && compare(Bytes(labels_ + match->label, match->length), wanted) == 0 ? match : nullptr;
}

SuffixTrie::Domain SuffixTrie::registered(const uint8_t* name) const {
    uint8_t ends[kMaxLabels];  // a name has 255 bytes at the most
    unsigned labels = 0, suffix = 1, deepest = 0;
    for (size_t at = 0; name[at] != 0 && labels < kMaxLabels;) {
        at += 1 + size_t{name[at]};
        ends[labels++] = static_cast<uint8_t>(at);
    }
    const Node* node = nodes_.data();
    size_t at = 0;
    while (deepest < labels && node->children != 0) {
        node = child(*node, name + at + 1, name[at]);
        if (node == nullptr) break;
        at = ends[deepest++];
        if (node->flags & kException) {
            suffix = deepest - 1;
        } else if (node->flags & kWildcard) {
            suffix = std::min(deepest + 1, labels);  // of itself it is a suffix too
        } else if (node->flags & kExact) {
            suffix = deepest;
        }
    }
    if (suffix >= labels) return {(labels == 0 ? 0 : size_t{ends[labels - 1]}) + 1, true};
    // The walk left the trie within the domain, or ended where the trie does: no rule speaks of what is below.
    const bool closed = node == nullptr ? deepest <= suffix : node->children == 0 && deepest <= suffix + 1;
    return {ends[suffix], closed};
}

}  // namespace dnstide
