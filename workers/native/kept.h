// Memory that a thread keeps from call to call.
//
// kept<T, User>() is one T for each thread and user; it lives as long as its thread. Ask once a call and hold the
// reference: a thread's variable in a shared library is found by a function call, and where the compiler sees that the
// reference names one it repeats the call at every use. That is why this must stay a function of its own.
#pragma once

namespace dnstide {

template <class T, class User>
[[gnu::noinline]] T& kept() {
    thread_local T value;
    T* opaque = &value;
    asm volatile("" : "+r"(opaque));  // else the optimiser finds out what the address is
    return *opaque;
}

}  // namespace dnstide
