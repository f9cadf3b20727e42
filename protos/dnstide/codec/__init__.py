"""Values of the model as messages of the contract, and back: both directions of a kind stand in one module.

Import from the modules: `volume`, `top`, `analysis`, `catalog`, `errors`, `metadata`.
"""
