# ---- guards --------------------------------------------------------------------------------

print_plan() {
    say "edgeghost runbook: re-associate an Elastic IP${INCIDENT:+, incident $INCIDENT}"
    say "  host      ${HOST:-not named}${INSTANCE_ID:+ ($INSTANCE_ID)}, region $REGION"
    say "  address   ${PUBLIC_IP:-to be looked up}, on ${PRIVATE_IP:-?} of ${NETWORK_INTERFACE_ID:-an interface to be looked up}"
    if [ -n "$REPORTED_EPOCH" ]; then
        age=$((($(date +%s) - REPORTED_EPOCH) / 60))
        if [ "$age" -le 60 ]; then
            say "  report    of $REPORTED, $age minutes old"
        else
            say "  report    of $REPORTED, $((age / 60)) hours old: is the incident still open?"
        fi
    fi
    say '  plan      look, dry runs, disassociate, wait until it is off, associate, look again'
    say ''
}

# metadata PATH: what the metadata service of the machine that runs this says (IMDSv2).
metadata() {
    command -v curl >/dev/null 2>&1 || return 1
    imds=${AWS_EC2_METADATA_SERVICE_ENDPOINT:-http://169.254.169.254}
    imds=${imds%/}
    token=$(curl --silent --fail --noproxy '*' --max-time 1 --request PUT \
        --header 'X-aws-ec2-metadata-token-ttl-seconds: 60' "$imds/latest/api/token") || return 1
    curl --silent --fail --noproxy '*' --max-time 1 --header "X-aws-ec2-metadata-token: $token" \
        "$imds/latest/meta-data/$1"
}

local_addresses() {
    if command -v ip >/dev/null 2>&1; then
        ip -4 -o address show 2>/dev/null | awk '{ sub("/.*", "", $4); print $4 }'
    elif command -v ifconfig >/dev/null 2>&1; then
        ifconfig 2>/dev/null | awk '$1 == "inet" { sub("addr:", "", $2); print $2 }'
    fi
}

# Whether this machine is the host concerned. The instance id settles it; where one of the two is
# unknown, the private address has to do: it can be another network's by chance, hence the option.
on_the_host() {
    if [ "$HERE" = unasked ]; then
        HERE=$(metadata instance-id) || HERE=''
    fi
    if [ -n "$HERE" ] && [ -n "$INSTANCE_ID" ]; then
        [ "$HERE" = "$INSTANCE_ID" ]
        return
    fi
    [ -n "$PRIVATE_IP" ] && local_addresses | grep -q -x -F "$PRIVATE_IP"
}

# Whether the EC2 API is reached at private addresses alone: a VPC endpoint, which works without
# the public path. An unknown answer counts as no.
api_is_private() {
    case $ENDPOINT in
        '')
            api=ec2.$REGION.amazonaws.com
            case $REGION in
                cn-*) api=$api.cn ;;
            esac
            ;;
        *)
            api=${ENDPOINT#*://}
            api=${api%%/*}
            api=${api%%:*}
            ;;
    esac
    command -v getent >/dev/null 2>&1 || return 1
    found=$(getent ahosts "$api" | awk '{ print $1 }' | sort -u)
    [ -n "$found" ] || return 1
    for address in $found; do
        case $address in
            10.* | 192.168.* | 172.1[6-9].* | 172.2[0-9].* | 172.3[01].* | f[cd]*:*) ;;
            *) return 1 ;;
        esac
    done
}

guard_not_on_host() {
    on_the_host || return 0
    if [ -n "$ON_HOST_ANYWAY" ]; then
        note 'this is the host itself, and --on-host-anyway was given'
        return 0
    fi
    if api_is_private; then
        note 'this is the host itself, but its EC2 API is at a private address (VPC endpoint)'
        return 0
    fi
    stop 3 'This is the host that the address belongs to. Once the address is off, it may have no' \
        'way to the EC2 API, and could not put it back. Run this on a workstation, in CloudShell' \
        'or on another host. If this host reaches the API by another way (NAT, IPv6), or this is' \
        'not that host and only has the same private address: --on-host-anyway.'
}

find_address() {
    if [ -n "$ALLOCATION_ID" ]; then
        ask_address "Name=allocation-id,Values=$ALLOCATION_ID"
    elif [ -n "$PUBLIC_IP" ]; then
        ask_address "Name=public-ip,Values=$PUBLIC_IP"
    elif [ -n "$NETWORK_INTERFACE_ID" ]; then
        ask_address "Name=network-interface-id,Values=$NETWORK_INTERFACE_ID" \
            "Name=private-ip-address,Values=$PRIVATE_IP"
    else
        ask_address "Name=private-ip-address,Values=$PRIVATE_IP"
    fi || explain 'look the address up (ec2:DescribeAddresses)' "$ANSWER"
    if [ "$LIVE_COUNT" -gt 1 ]; then
        stop 3 'Several Elastic IPs fit the report, of several VPCs. Find the right one, and name' \
            'it with --allocation-id. Allocation, public address, association, interface, private:' \
            "$ANSWER"
    fi
    [ "$LIVE_COUNT" -eq 1 ] || not_an_elastic_ip
}

# Rows E and F of what can be done: an auto-assigned address can only be exchanged.
not_an_elastic_ip() {
    stop 3 "This account has no such Elastic IP in $REGION. Then either" \
        '- account or region is the wrong one: see "aws sts get-caller-identity", --region; or' \
        '- the report is stale, and the address was taken off or released since; or' \
        '- the public address was assigned by EC2 itself. Such an address cannot be taken off and' \
        '  put back: it is lost for good, and the host gets another one. If nothing depends on it' \
        '  (DNS, allow-lists), exchange it:' \
        "    aws ec2 modify-network-interface-attribute --region $REGION --network-interface-id ${NETWORK_INTERFACE_ID:-<ENI>} --no-associate-public-ip-address" \
        "    aws ec2 modify-network-interface-attribute --region $REGION --network-interface-id ${NETWORK_INTERFACE_ID:-<ENI>} --associate-public-ip-address" \
        '  or allocate an Elastic IP and associate that; or, as a last resort, stop and start the' \
        '  instance (new address, new hardware, instance store lost).'
}

# same NAME REPORTED LIVE: what the report knows must be so still.
same() {
    [ -z "$2" ] || [ "$2" = "$3" ] ||
        stop 3 "The report is stale: it has $1 $2, EC2 has $3." \
            'Somebody or something has changed the mapping since. Look at the incident again.'
}

guard_address() {
    if [ "$LIVE_ASSOCIATION" = - ]; then
        stop 3 "$LIVE_PUBLIC ($LIVE_ALLOCATION) is associated with nothing now. If an earlier run" \
            'was cut off, this brings it back:' "$(associate_line "$LIVE_ALLOCATION")"
    fi
    same 'allocation id' "$ALLOCATION_ID" "$LIVE_ALLOCATION"
    same 'public address' "$PUBLIC_IP" "$LIVE_PUBLIC"
    same 'interface' "$NETWORK_INTERFACE_ID" "$LIVE_INTERFACE"
    same 'private address' "$PRIVATE_IP" "$LIVE_PRIVATE"
    same 'association id' "$ASSOCIATION_ID" "$LIVE_ASSOCIATION"
    ALLOCATION_ID=$LIVE_ALLOCATION PUBLIC_IP=$LIVE_PUBLIC ASSOCIATION_ID=$LIVE_ASSOCIATION
    NETWORK_INTERFACE_ID=$LIVE_INTERFACE PRIVATE_IP=$LIVE_PRIVATE
    is "$PRIVATE_IP$PUBLIC_IP" '0-9.' ||
        stop 5 "EC2 has no usable addresses for $ALLOCATION_ID:" "$ANSWER"
    ok "$PUBLIC_IP is $ALLOCATION_ID, on $NETWORK_INTERFACE_ID and $PRIVATE_IP, as reported"
    [ "$LIVE_SERVICE" = - ] || stop 3 "The address belongs to an AWS service ($LIVE_SERVICE)." \
        'Taking it off would break that service, or be refused. Never touch it; open an AWS case.'
    guard_service_known
    case $LIVE_POOL in
        - | amazon) ;;
        *) note "a brought address (pool $LIVE_POOL): is its prefix still announced? aws ec2 describe-byoip-cidrs --max-results 100" ;;
    esac
    case $LIVE_GROUP in
        - | "$REGION") ;;
        *) note "of border group $LIVE_GROUP: it goes back to the same interface, hence the same group" ;;
    esac
    [ "$LIVE_CARRIER" = - ] || note "it has a carrier address, $LIVE_CARRIER (Wavelength)"
}

# An old CLI drops fields it has not heard of, and then "absent" says nothing. Its own idea of the
# answer tells; this asks nobody.
guard_service_known() {
    case $(ec2 describe-addresses --generate-cli-skeleton output 2>/dev/null) in
        *ServiceManaged*) ok 'no AWS service manages the address' ;;
        *) unchecked 'whether a service manages the address: this AWS CLI is too old to tell' ;;
    esac
}

guard_interface() {
    answer=$(ec2 describe-network-interfaces --output text \
        --filters "Name=network-interface-id,Values=$NETWORK_INTERFACE_ID" --query \
        "NetworkInterfaces[].['row',OwnerId||'-',InterfaceType||'-',RequesterManaged||'-',Operator.Managed||'-',Attachment.InstanceId||'-',PublicIpDnsNameOptions.DnsHostnameType||'-',length(PrivateIpAddresses[?PrivateIpAddress=='$PRIVATE_IP'])]" \
        2>&1) || explain 'look at the interface (ec2:DescribeNetworkInterfaces)' "$answer"
    owner='' kind='' requester='' operator='' instance='' names='' has=''
    while read -r row a b c d e f g; do
        [ "$row" = row ] || continue
        owner=$a kind=$b requester=$c operator=$d instance=$e names=$f has=$g
    done <<ANSWER
$answer
ANSWER
    [ -n "$has" ] || stop 3 "The report is stale: there is no interface $NETWORK_INTERFACE_ID."
    [ "$has" != 0 ] || stop 3 "The report is stale: $NETWORK_INTERFACE_ID has no $PRIVATE_IP."
    ACCOUNT=$owner
    is "$owner" 0-9 || ACCOUNT=''
    if [ "$requester" != - ] || [ "$operator" != - ]; then
        stop 3 "The interface is managed by a service (type $kind). Never touch its addresses."
    fi
    case $kind in
        - | interface | efa | efa-only | ena | trunk | branch) ;;
        *) stop 3 "The interface is of type $kind, a service's. Never touch its addresses." ;;
    esac
    [ "$instance" != - ] || stop 3 "$NETWORK_INTERFACE_ID is attached to no instance."
    same 'instance' "$INSTANCE_ID" "$instance"
    INSTANCE_ID=$instance
    is "$INSTANCE_ID" 'a-z0-9-' || stop 5 'EC2 answers with no usable instance id:' "$answer"
    ok "the interface is $INSTANCE_ID's own and has that private address"
    case $names in
        *dual-stack*)
            note 'its public hostname is dual-stack: EC2 refuses to take off its last public IPv4'
            note "address. If the dry run says so: aws ec2 modify-public-ip-dns-name-options --region $REGION --network-interface-id $NETWORK_INTERFACE_ID --hostname-type public-ipv4-dns-name"
            ;;
    esac
}

# A pending transfer is rare, and somebody of this account has offered it: not being able to look
# is shown in the plan and does not stop the run.
guard_transfer() {
    if answer=$(ec2 describe-address-transfers --allocation-ids "$ALLOCATION_ID" --output text \
        --query "AddressTransfers[].['row',AddressTransferStatus]" 2>&1); then
        case $answer in
            *"row	pending"*)
                stop 3 "A transfer of $PUBLIC_IP to another account is pending:" \
                    'while the address is off, it could go there. Wait, or withdraw the offer:' \
                    "    aws ec2 disable-address-transfer --region $REGION --allocation-id $ALLOCATION_ID"
                ;;
            *) ok 'no transfer to another account is pending' ;;
        esac
    else
        unchecked 'whether a transfer to another account is pending (ec2:DescribeAddressTransfers)'
    fi
}

