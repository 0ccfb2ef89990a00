# ---- calling EC2 ---------------------------------------------------------------------------

# Time limits, because the CLI's own minute would be a minute in the dark.
ec2() {
    aws ${PROFILE:+--profile "$PROFILE"} ${ENDPOINT:+--endpoint-url "$ENDPOINT"} \
        --region "$REGION" --cli-connect-timeout 10 --cli-read-timeout 20 ec2 "$@"
}

# Ends with what an error of EC2 or of the CLI means: what was tried, then the error.
explain() {
    case $2 in
        *UnauthorizedOperation* | *AccessDenied*)
            stop 4 "You may not $1. EC2 says:" "$2" "$(policy)"
            ;;
        *AuthFailure* | *"Unable to locate credentials"* | *InvalidClientTokenId* | \
            *ExpiredToken* | *"Token has expired"* | *RequestExpired* | *"config profile"*)
            stop 4 "No valid credentials, or none for this resource, to $1. EC2 or the CLI says:" \
                "$2" 'Look at: aws sts get-caller-identity. With good credentials AuthFailure' \
                'means that a service or another account owns the interface or the address.'
            ;;
        *.NotFound*) stop 3 "The report is stale. Could not $1:" "$2" ;;
        *) stop 5 "Could not $1:" "$2" ;;
    esac
}

# The IAM policy that all this needs.
policy() {
    policy_part=aws
    case $REGION in
        cn-*) policy_part=aws-cn ;;
        us-gov-*) policy_part=aws-us-gov ;;
    esac
    policy_arn="arn:$policy_part:ec2:$REGION:${ACCOUNT:-*}"
    cat <<POLICY
The IAM policy that this runbook needs:
{"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Action": ["ec2:DescribeAddresses", "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeAddressTransfers"], "Resource": "*"},
  {"Effect": "Allow", "Action": ["ec2:DisassociateAddress", "ec2:AssociateAddress"], "Resource": [
    "$policy_arn:elastic-ip/${ALLOCATION_ID:-*}",
    "$policy_arn:network-interface/${NETWORK_INTERFACE_ID:-*}",
    "$policy_arn:instance/${INSTANCE_ID:-*}"]}]}
POLICY
}

# Sets LIVE_* from what EC2 says of the address; "-" is absent. Returns 1 with ANSWER if it does
# not say; LIVE_COUNT is how many addresses it knows.
ask_address() {
    LIVE_COUNT=0
    ANSWER=$(ec2 describe-addresses --filters "$@" --output text --query \
        "Addresses[].['row',AllocationId||'-',PublicIp||'-',AssociationId||'-',NetworkInterfaceId||'-',PrivateIpAddress||'-',ServiceManaged||'-',PublicIpv4Pool||'-',NetworkBorderGroup||'-',CarrierIp||'-']" \
        2>&1) || return 1
    while read -r row a b c d e f g h i; do
        # The CLI's own warnings may stand beside the answer.
        [ "$row" = row ] || continue
        LIVE_COUNT=$((LIVE_COUNT + 1))
        LIVE_ALLOCATION=$a LIVE_PUBLIC=$b LIVE_ASSOCIATION=$c LIVE_INTERFACE=$d LIVE_PRIVATE=$e
        LIVE_SERVICE=$f LIVE_POOL=$g LIVE_GROUP=$h LIVE_CARRIER=$i
    done <<ANSWER
$ANSWER
ANSWER
    [ "$LIVE_COUNT" -eq 0 ] || is "$LIVE_ALLOCATION$LIVE_ASSOCIATION$LIVE_INTERFACE" 'a-z0-9-'
}

ask_this_address() {
    ask_address "Name=allocation-id,Values=$ALLOCATION_ID" && [ "$LIVE_COUNT" -eq 1 ]
}

