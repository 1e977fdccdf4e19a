#!/bin/sh
# Wraps a program that takes a file and prints a table, as docking programs do: one file and one call for each object.
# The table's best (lowest) energy becomes the score. An object that the program cannot dock has no score (nan).
# Replace the line of `table=` with your own: vina --ligand "$dir/ligand" …
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
while read -r object; do
    printf '%s\n' "$object" > "$dir/ligand"
    if table=$(./dock-table.sh "$dir/ligand"); then
        echo "$table" | awk 'NR > 1 && (best == "" || $2 < best) { best = $2 } END { print best == "" ? "nan" : -best }'
    else
        echo nan
    fi
done
