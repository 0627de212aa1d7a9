# SPDX-License-Identifier: Apache-2.0
# Input: lines "path/file.c:#include "a/b/c.h" (grep's). Output: make variables CL_<folder> and CL_<test file>, the folders that it
# includes directly or through them. "cairn/x.h" is generated from proto; "cairn/code.h" needs no library.
{
    i = index($0, ":#include \"")
    file = substr($0, 1, i - 1); inc = substr($0, i + 11)
    folder = file; sub(/\/[^\/]*$/, "", folder)
    if (inc == "cairn/code.h") next
    if (inc ~ /\.c$/) next
    if (inc ~ /^cairn\//) dep = "proto"
    else { dep = inc; if (!sub(/\/[^\/]*$/, "", dep)) next }
    if (file ~ /^tests\/(unit|property|fuzz|bench|sim|vectors)\//) add(file, dep)
    if (file !~ /^tests\/(unit|property|fuzz|bench)\//) add(folder, dep)
    else if (folder == "tests/bench" || folder == "tests/fuzz") ; else add(folder, dep)
}
function add(from, to) {
    if (from == to || (from SUBSEP to) in edge) return
    edge[from, to] = 1; out[from] = out[from] " " to; nodes[from] = 1
}
function visit(n,   parts, k, c) {
    c = split(out[n], parts, " ")
    for (k = 1; k <= c; k++) if (!(parts[k] in seen)) { seen[parts[k]] = 1; list = list " " parts[k]; visit(parts[k]) }
}
END {
    for (n in nodes) { split("", seen); list = ""; visit(n); print "CL_" n " :=" list | "sort" }
}
