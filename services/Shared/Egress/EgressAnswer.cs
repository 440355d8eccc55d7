namespace Microservices.Egress;

/// <summary>What became of a request.</summary>
public sealed record EgressAnswer
{
    /// <summary>How it ended.</summary>
    public required EgressOutcome Outcome { get; init; }

    /// <summary>Why the address was refused; null unless it was.</summary>
    public AddressRefusal? Refusal { get; init; }

    /// <summary>The address that was asked last: that of the request, or where redirects led.</summary>
    public required Uri Address { get; init; }

    /// <summary>The status code; null when no headers came. It may be there although the outcome is not <see cref="EgressOutcome.Answered"/>: what followed the headers failed.</summary>
    public int? Status { get; init; }

    /// <summary>The <c>Content-Type</c>, as it was sent; null when there was none.</summary>
    public string? ContentType { get; init; }

    /// <summary>The <c>ETag</c>, as it was sent; null when there was none.</summary>
    public string? ETag { get; init; }

    /// <summary>The <c>Location</c>, made absolute; null when there was none that can be read.</summary>
    public Uri? Location { get; init; }

    /// <summary>How long <c>Retry-After</c> says to wait, by seconds or by a date, never below 0 or above the setting; null when there was none that can be read.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The first bytes of the body, decompressed; empty unless answered.</summary>
    public ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>Whether the body went on beyond <see cref="Body"/>.</summary>
    public bool IsBodyCut { get; init; }

    /// <summary>How long the last exchange took, without the waiting for its turn.</summary>
    public TimeSpan Elapsed { get; init; }
}

/// <summary>How a request ended.</summary>
public enum EgressOutcome
{
    /// <summary>With an answer, of whatever status.</summary>
    Answered,

    /// <summary>The address is refused, or all that its name led to: nothing was connected.</summary>
    Refused,

    /// <summary>The name leads nowhere.</summary>
    NameNotFound,

    /// <summary>There was no connection, in time or at all.</summary>
    ConnectFailed,

    /// <summary>The other side's TLS or its certificate is not good.</summary>
    TlsFailed,

    /// <summary>The headers or the whole took too long.</summary>
    TimedOut,

    /// <summary>The headers are above their bound, or the body is and was needed whole.</summary>
    TooLarge,

    /// <summary>The answer is not HTTP, or broke off.</summary>
    ProtocolError,

    /// <summary>Whoever asked cancelled it.</summary>
    Cancelled,

    /// <summary>It did not get a turn: nothing was sent.</summary>
    Busy,
}

/// <summary>Why an address is refused.</summary>
public enum AddressRefusal
{
    /// <summary>It is not absolute, or not https.</summary>
    Scheme,

    /// <summary>It is longer than 2,048 characters.</summary>
    TooLong,

    /// <summary>It has a user or a password.</summary>
    UserInfo,

    /// <summary>It has a fragment.</summary>
    Fragment,

    /// <summary>Its port is neither the usual one nor 1024 or above.</summary>
    Port,

    /// <summary>Its host is no full domain name, and no IP address in its usual notation.</summary>
    Host,

    /// <summary>Its host is in a network that is not called, or its name leads only to such.</summary>
    Network,
}
