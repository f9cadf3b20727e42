#include <nanobind/nanobind.h>

NB_MODULE(_native, m) { m.doc() = "MTBL tables, dnstable keys and lookups"; }
