#!/bin/sh
# Scores a DNA string by its share of G and C: one object per line in, one number per line out, until stdin ends.
# `echo` in a shell writes at once; nothing has to be flushed.
while read -r object; do
    rest=$(printf %s "$object" | tr -d GC)
    echo "${#object} ${#rest}" | awk '{ print ($1 - $2 + 0.1) / ($1 + 0.1) }'
done
