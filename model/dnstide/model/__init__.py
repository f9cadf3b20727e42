"""The values of dnstide: questions, answers, their words, limits and errors. They need numpy alone.

The engine, the gateway, the clients and the command line all use these values, so that a field has one name
and one meaning on its whole way. Import from the modules: `errors`, `vocabulary`, `granularity`, `times`,
`question`, `arguments`, `columns`, `volume`, `top`, `analysis`, `catalog`.
"""
