"""Answers as text, CSV, JSON, JSON lines, Parquet and Arrow.

Every answer is written from its columns (`dnstide.model.columns`). `fields` turns a column into texts, the
modules `text`, `csv` and `json` turn texts into lines, `binary` makes files. `layout` says how columns
look in each format; `volume`, `top`, `findings` and `reports` each change what is special to one
kind of answer.
"""
