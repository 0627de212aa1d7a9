# SPDX-License-Identifier: Apache-2.0
# code.proto -> docs/errors.md: every code with its meaning and what to do, in the blocks of the file. `make errors` writes it.
BEGIN {
    print "# Errors\n"
    print "Every code that a Cairn program can give: in JSON as `code`, in a transaction's result, in an HTTP answer, as the exit code of `cairn`. The"
    print "sentence that comes with it names what was found and which limit was hit. \"Again\" says whether the same request may succeed later. Made"
    print "from `proto/cairn/code.proto` by `make errors`; codes are never reused."
}
/^ *\/\/ [0-9]+\.\.[0-9]+: / {
    title = $0; sub(/^ *\/\/ /, "", title)
    print "\n## " title "\n\n| code | name | meaning | what to do | HTTP | exit | again |\n|---|---|---|---|---|---|---|"
    open = 1
}
/^ *CODE_[A-Z0-9_]+ *= *[0-9]+;/ {
    note = $0; sub(/^[^;]*; \/\/ /, "", note)
    value = $0; sub(/^[^=]*= */, "", value); sub(/;.*/, "", value)
    name = $1; sub(/^CODE_/, "", name)
    split(note, w, /[ ,:]+/)
    sub(/^[^:]*: /, "", note); bar = index(note, " | ")
    if (!open) next # OK is no error
    printf "| %s | `%s` | %s | %s | %s | %s | %s |\n", value, name, substr(note, 1, bar - 1), substr(note, bar + 3), w[2], w[4], w[5] == "retry" ? "yes" : "no"
}
