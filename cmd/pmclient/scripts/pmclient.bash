# Completion of pmclient for bash 4.4 and later:
#   source <(pmclient completion bash)
_pmclient() {
    local program=${COMP_WORDS[0]/#\~/$HOME} out
    COMPREPLY=()
    out=$("$program" __complete bash "${COMP_LINE:0:COMP_POINT}" "$COMP_WORDBREAKS" 2>/dev/null) || return 0
    if [[ $out == :files* ]]; then
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "${out#:files }")
    elif [[ -n $out ]]; then
        mapfile -t COMPREPLY <<<"$out"
    fi
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[=:] ]]; then
        compopt -o nospace 2>/dev/null
    fi
    return 0
}
complete -F _pmclient pmclient
