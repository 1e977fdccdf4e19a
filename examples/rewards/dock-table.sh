#!/bin/sh
# Stands for a docking program: reads a file, and prints a table of poses and energies.
read -r ligand < "$1" || exit 1
[ -n "$ligand" ] || { echo "there is no ligand in $1" >&2; exit 1; }
echo "mode affinity"
echo "1 -${#ligand}.5"
echo "2 -${#ligand}.1"
