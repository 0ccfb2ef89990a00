# ---- the two calls -------------------------------------------------------------------------

associate() {
    ec2 associate-address --allocation-id "$ALLOCATION_ID" \
        --network-interface-id "$NETWORK_INTERFACE_ID" --private-ip-address "$PRIVATE_IP" \
        --no-allow-reassociation --output text "$@" 2>&1
}

# The same as a line to paste into any shell that has the same credentials.
associate_line() {
    line='    '
    if is "${AWS_PROFILE:-}" 'A-Za-z0-9_.@+/:-'; then
        line="${line}AWS_PROFILE=$AWS_PROFILE "
    fi
    line="${line}aws${PROFILE:+ --profile $PROFILE}${ENDPOINT:+ --endpoint-url \"$ENDPOINT\"}"
    line="$line --region $REGION ec2 associate-address --allocation-id $1"
    line="$line --network-interface-id ${NETWORK_INTERFACE_ID:-<ENI>}"
    printf '%s\n' "$line --private-ip-address ${PRIVATE_IP:-<IP>} --no-allow-reassociation"
}

# The text tells, not the exit code: that differs between the CLI's versions.
dry_runs() {
    answer=$(ec2 disassociate-address --association-id "$ASSOCIATION_ID" --dry-run 2>&1)
    case $answer in
        *DryRunOperation*) ok 'dry run: you may disassociate' ;;
        *) explain 'disassociate the address (dry run)' "$answer" ;;
    esac
    answer=$(associate --dry-run)
    case $answer in
        *DryRunOperation* | *Resource.AlreadyAssociated*) ok 'dry run: you may associate' ;;
        *) explain 'associate the address (dry run)' "$answer" ;;
    esac
}

confirm() {
    say ''
    say "Public IPv4 traffic of $PUBLIC_IP will stop for some seconds; connections may drop."
    say 'Meanwhile the instance may have another public address, or none. The association id'
    say 'changes: infrastructure code that tracks it will show a difference.'
    [ -z "$UNCHECKED" ] || say "Could not be checked:$UNCHECKED"
    say ''
    [ -z "$YES" ] || return 0
    printf 'Type yes to go on: '
    reply=''
    read -r reply || :
    [ "$reply" = yes ] || stop 1 'You did not say yes.'
}

# From here on every way out leads through put_back. A hang-up, a Ctrl-C or a reader of our output
# that went away must not leave the host in the dark.
enter_dark() {
    say "If this is cut off, bring the address back with this line, repeated until it succeeds:"
    associate_line "$ALLOCATION_ID"
    say ''
    trap '' PIPE
    trap 'INTERRUPTED=yes' INT TERM HUP
    STAGE=dark
    DARK_SINCE=$(date +%s)
}

disassociate() {
    say "taking $PUBLIC_IP off ..."
    answer=$(ec2 disassociate-address --association-id "$ASSOCIATION_ID" 2>&1) && return 0
    # Refused, or done and the answer lost: only a look can tell. Not knowing counts as off.
    if [ -z "$INTERRUPTED" ] && ask_this_address && [ "$LIVE_ASSOCIATION" = "$ASSOCIATION_ID" ]; then
        STAGE=look
        case $answer in
            *Unauthorized* | *AuthFailure*) explain 'disassociate the address' "$answer" ;;
        esac
        stop 3 'EC2 refused to take the address off:' "$answer"
    fi
    say "EC2 said: $answer"
}

# EC2 is eventually consistent: associating too early may meet the old association.
wait_until_off() {
    tries=0
    while [ -z "$INTERRUPTED" ] && [ "$tries" -lt 10 ]; do
        if ask_this_address && [ "$LIVE_ASSOCIATION" != "$ASSOCIATION_ID" ]; then
            return 0
        fi
        tries=$((tries + 1))
        sleep 1
    done
}

# Whether EC2 has the address where it belongs, on an association that is not the old one.
is_back() {
    ask_this_address && [ "$LIVE_INTERFACE" = "$NETWORK_INTERFACE_ID" ] &&
        [ "$LIVE_PRIVATE" = "$PRIVATE_IP" ] && [ "$LIVE_ASSOCIATION" != - ] &&
        [ "$LIVE_ASSOCIATION" != "$ASSOCIATION_ID" ]
}

is_taken() {
    [ "$LIVE_COUNT" -eq 1 ] && [ "$LIVE_ASSOCIATION" != - ] &&
        [ "$LIVE_INTERFACE $LIVE_PRIVATE" != "$NETWORK_INTERFACE_ID $PRIVATE_IP" ]
}

# 0: back; 1: not; 2: something else has taken the address. The pauses sum up to half a minute.
put_back() {
    pause=1 tries=1
    while [ "$tries" -le "$TRIES" ]; do
        if [ -n "$INTERRUPTED" ]; then
            say 'interrupted: the address is put back first, please wait'
            # Nor must a second Ctrl-C reach the call.
            trap '' INT TERM HUP
            INTERRUPTED=''
        fi
        say "putting $PUBLIC_IP back, try $tries of $TRIES ..."
        LIVE_COUNT=0
        answer=$(associate) && return 0
        say "EC2 said: $answer"
        # Somebody, or a call of ours whose answer was lost, may have done it already.
        is_back && return 0
        is_taken && return 2
        [ "$tries" -eq "$TRIES" ] || sleep "$pause"
        tries=$((tries + 1)) pause=$((pause * 2))
    done
    return 1
}

# Looks until EC2 shows it.
verify() {
    tries=0
    while [ "$tries" -lt 5 ]; do
        is_back && return 0
        tries=$((tries + 1))
        sleep 1
    done
    return 1
}

bring_back() {
    put_back
    case $? in
        0) ;;
        2) fail_taken ;;
        *) fail_dark ;;
    esac
    verify || fail_dark
    STAGE=over
    say ''
    say "DONE. $PUBLIC_IP is on $NETWORK_INTERFACE_ID and $PRIVATE_IP again, after at most $(($(date +%s) - DARK_SINCE)) s."
    say "  old association  $ASSOCIATION_ID"
    say "  new association  $LIVE_ASSOCIATION"
    say 'Did it help? From outside: ping or mtr. On the host: ss -ti of new public connections.'
    say 'edgeghost keeps watching the address. If it is as bad in five minutes, it did not help:'
    say 'do not repeat it, open a case with AWS and attach the incident.'
}

fail_taken() {
    STAGE=over
    {
        printf '\nTHE ADDRESS WENT ELSEWHERE. While it was off, something put %s on\n' "$PUBLIC_IP"
        printf '%s and %s: a failover agent, or a colleague.\n' "$LIVE_INTERFACE" "$LIVE_PRIVATE"
        printf 'Find out who before you take it back. Once it is free again:\n'
        associate_line "$ALLOCATION_ID"
    } >&2
    exit 7
}

fail_dark() {
    STAGE=over
    if [ "$LIVE_COUNT" -eq 1 ] && [ "$LIVE_ASSOCIATION" = "$ASSOCIATION_ID" ]; then
        stop 3 "EC2 still shows the old association $ASSOCIATION_ID: the address was not taken off."
    fi
    {
        printf '\nTHE ADDRESS IS OFF. %s is not back on %s.\n' "$PUBLIC_IP" "$INSTANCE_ID"
        printf 'Paste this line until it succeeds (or do it in the console):\n'
        associate_line "$ALLOCATION_ID"
    } >&2
    exit 7
}

# However the shell ends: an address that is off is put back first.
at_exit() {
    exit_code=$?
    [ "$STAGE" = dark ] || exit "$exit_code"
    trap '' INT TERM HUP
    say 'ended unexpectedly'
    bring_back
}

main() {
    trap 'at_exit' EXIT
    trap 'stop 1 "Interrupted."' INT TERM HUP
    read_options "$@"
    check_options
    print_plan
    guard_not_on_host
    find_address
    guard_address
    guard_interface
    # Now the instance is known for certain.
    guard_not_on_host
    guard_transfer
    dry_runs
    if [ -n "$CHECK_ONLY" ]; then
        say ''
        say 'CHECKED. Nothing speaks against it, and nothing was changed.'
        exit 0
    fi
    confirm
    enter_dark
    disassociate
    wait_until_off
    bring_back
}

main "$@"
