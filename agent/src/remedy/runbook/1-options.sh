#!/bin/sh
# Takes one Elastic IP off its interface and puts it back on the same interface and private
# address. Nothing else is changed, and no address is ever released.
#
#   sh FILE --check   guards and dry runs only: changes nothing
#   sh FILE           the same, then asks, then does it
#
# Run it on a workstation, in CloudShell or on another host; not on the host it is about: while
# the address is off, that host may have no way to the EC2 API and could not put it back.
# Public IPv4 traffic of the address stops for some seconds, up to a minute if EC2 is slow.
# Needs a POSIX shell and the AWS CLI, version 1 or 2.
#
# Options:
#   --check              stop after the dry runs
#   --yes                do not ask; also accepts what a guard could not check
#   --region R           if the report does not name it
#   --allocation-id ID   if the report does not name it and several addresses would fit
#   --profile P          profile of the AWS CLI; without it as the CLI does (AWS_PROFILE, ...)
#   --endpoint-url U     another EC2 endpoint; also from AWS_ENDPOINT_URL_EC2, AWS_ENDPOINT_URL
#   --on-host-anyway     run even on the host that the address belongs to
#
# Exit codes:
#   0  done: the address is back, on a new association (--check: nothing speaks against it)
#   1  you stopped it before anything was changed
#   2  usage: an option, a missing program, no region
#   3  the report is stale or a guard refused: nothing was changed
#   4  not permitted, or no credentials: nothing was changed
#   5  EC2 did not answer, or not as expected: nothing was changed
#   7  THE ADDRESS IS OFF and could not be put back: the last lines say what to paste

# values: begin
INCIDENT=''
REPORTED=''
REPORTED_EPOCH=''
HOST=''
REGION=''
PUBLIC_IP=''
PRIVATE_IP=''
ALLOCATION_ID=''
ASSOCIATION_ID=''
NETWORK_INTERFACE_ID=''
INSTANCE_ID=''
# values: end

set -u
LC_ALL=C
AWS_PAGER=''
export LC_ALL AWS_PAGER

TRIES=6
ENDPOINT=${AWS_ENDPOINT_URL_EC2:-${AWS_ENDPOINT_URL:-}}
PROFILE=''
GIVEN_REGION=''
GIVEN_ALLOCATION=''
CHECK_ONLY=''
YES=''
ON_HOST_ANYWAY=''
# Instance id of the machine that runs this, once asked for.
HERE=unasked
# Owner of the interface, once known.
ACCOUNT=''
# What could not be checked.
UNCHECKED=''
# Where we are: look, dark (the address is off, or may be), over.
STAGE=look
INTERRUPTED=''

# ---- speaking ------------------------------------------------------------------------------

# Whoever read this may have gone away: no reason to fail.
say() {
    printf '%s\n' "$*" 2>/dev/null || :
}

note() {
    printf '  note     %s\n' "$*"
}

ok() {
    printf '  ok       %s\n' "$*"
}

unchecked() {
    UNCHECKED="$UNCHECKED
  unknown  $*"
    printf '  unknown  %s\n' "$*"
}

# Ends before anything was changed: exit code, then why, a line each.
stop() {
    stop_code=$1
    shift
    {
        printf '\nSTOPPED. Nothing was changed.\n'
        printf '%s\n' "$@"
    } >&2
    exit "$stop_code"
}

usage() {
    printf '%s\n' "$@" >&2
    printf 'The head of this file explains the options: --check --yes --region --allocation-id %s\n' \
        '--profile --endpoint-url --on-host-anyway' >&2
    exit 2
}

# ---- options -------------------------------------------------------------------------------

# is WORD ALLOWED: not empty, and of these characters alone (the inside of a bracket expression).
is() {
    case $1 in
        '' | *[!$2]*) return 1 ;;
    esac
}

read_options() {
    while [ $# -gt 0 ]; do
        case $1 in
            --check) CHECK_ONLY=yes ;;
            --yes) YES=yes ;;
            --on-host-anyway) ON_HOST_ANYWAY=yes ;;
            --region | --allocation-id | --profile | --endpoint-url)
                [ $# -gt 1 ] || usage "$1 needs a value."
                take_option "$1" "$2"
                shift
                ;;
            *) usage "There is no option \"$1\"." ;;
        esac
        shift
    done
}

take_option() {
    case $1 in
        --region) GIVEN_REGION=$2 ;;
        --allocation-id)
            case $2 in
                eipalloc-*) GIVEN_ALLOCATION=$2 ;;
                *) usage "--allocation-id looks like eipalloc-0123456789abcdef0." ;;
            esac
            is "$2" 'a-z0-9-' || usage "--allocation-id looks like eipalloc-0123456789abcdef0."
            ;;
        --profile)
            is "$2" 'A-Za-z0-9_.@+/:-' ||
                usage "--profile: letters, digits and _.@+/:- only. Or set AWS_PROFILE."
            PROFILE=$2
            ;;
        --endpoint-url) ENDPOINT=$2 ;;
    esac
}

check_options() {
    command -v aws >/dev/null 2>&1 || usage 'The AWS CLI ("aws") is not on the PATH. Install it' \
        'or run this in CloudShell, which has it.'
    if [ -z "$REGION" ]; then
        REGION=${GIVEN_REGION:-${AWS_REGION:-${AWS_DEFAULT_REGION:-}}}
        if [ -z "$REGION" ]; then
            REGION=$(aws ${PROFILE:+--profile "$PROFILE"} configure get region 2>/dev/null) || :
        fi
    elif [ -n "$GIVEN_REGION" ] && [ "$GIVEN_REGION" != "$REGION" ]; then
        usage "The report is about region $REGION, --region says $GIVEN_REGION."
    fi
    [ -n "$REGION" ] || usage 'The report does not name the region: give --region REGION.'
    is "$REGION" 'a-z0-9-' || usage 'The region has characters that no region has.'
    if [ -n "$ENDPOINT" ]; then
        is "$ENDPOINT" ']A-Za-z0-9.:/_[-' || usage 'The endpoint has characters that no URL has.'
    fi
    if [ -n "$GIVEN_ALLOCATION" ]; then
        if [ -n "$ALLOCATION_ID" ] && [ "$ALLOCATION_ID" != "$GIVEN_ALLOCATION" ]; then
            usage "The report is about $ALLOCATION_ID, --allocation-id says $GIVEN_ALLOCATION."
        fi
        ALLOCATION_ID=$GIVEN_ALLOCATION
    fi
    if [ -z "$CHECK_ONLY$YES" ] && ! [ -t 0 ]; then
        usage 'Standard input is no terminal, so nobody can be asked: give --yes, or --check.'
    fi
    if [ -z "$ALLOCATION_ID$PUBLIC_IP$PRIVATE_IP" ]; then
        usage 'This file holds no report: print one with: edgeghost runbook INCIDENT --events FILE'
    fi
}

