// Memory that a thread keeps from call to call.
//
// thread_scratch<T, Tag>() is one T for each thread and tag; it lives as long as its thread. Call it once per operation and
// hold the reference: a thread's variable in a shared library is found by a function call, and where the compiler sees that
// the reference names one it repeats the call at every use. That is why this must stay a function of its own.
#pragma once

namespace dnstide {

template <class T, class Tag>
[[gnu::noinline]] T& thread_scratch() {
    thread_local T value;
    T* opaque = &value;
    asm volatile("" : "+r"(opaque));  // else the optimiser finds out what the address is
    return *opaque;
}

}  // namespace dnstide
