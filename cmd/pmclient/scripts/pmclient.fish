# Completion of pmclient for fish:
#   pmclient completion fish | source
function __pmclient_complete
    set -l before (commandline -opc)
    set -l found ($before[1] __complete fish $before[2..-1] (commandline -ct) 2>/dev/null)
    if string match -q ':files*' -- $found[1]
        __fish_complete_path (string replace ':files ' '' -- $found[1])
    else
        printf '%s\n' $found
    end
end
complete -c pmclient -f -a '(__pmclient_complete)'
