#compdef pmclient
# Completion of pmclient for zsh:
#   source <(pmclient completion zsh)      after compinit, or as _pmclient in a folder of $fpath
_pmclient() {
    local -a found
    found=("${(@f)$(${(Q)words[1]} __complete zsh "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}")
    case $found[1] in
        (:files*) compset -P '-*='; _files ;;
        ('') return 1 ;;
        (*) _describe -V pmclient found ;;
    esac
}
if [[ $funcstack[1] == _pmclient ]]; then
    _pmclient "$@"
else
    compdef _pmclient pmclient
fi
