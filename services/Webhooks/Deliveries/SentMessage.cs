using System.Text;
using Microservices.Egress;

namespace Microservices.Webhooks;

/// <summary>An attempt that has ended: what was sent, and what came of it. Immutable.</summary>
/// <param name="Delivery">As it was when the attempt began.</param>
/// <param name="Time">When that was.</param>
/// <param name="Answer">What came of it.</param>
internal sealed record SentMessage(Delivery Delivery, DateTimeOffset Time, EgressAnswer Answer)
{
    /// <summary>Whether the endpoint was asked at all.</summary>
    public bool WasSent => Answer.Outcome is not (EgressOutcome.Busy or EgressOutcome.Cancelled);

    public bool Succeeded => Answer is { Outcome: EgressOutcome.Answered, Status: >= 200 and < 300 };

    /// <summary>Whether the endpoint wants nothing any more.</summary>
    public bool IsGone => Answer is { Outcome: EgressOutcome.Answered, Status: 410 };

    /// <summary>Whether the endpoint wants to be left alone for a while.</summary>
    public bool IsThrottled => Answer is { Outcome: EgressOutcome.Answered, Status: 429 or 502 or 503 or 504 };

    /// <summary>Why it failed, for people; empty when it has not. Says nothing of networks that are not public.</summary>
    public string Error => Succeeded ? "" : Answer.Outcome switch
    {
        EgressOutcome.Answered when Answer.Status is >= 300 and < 400 => $"HTTP {Answer.Status}: redirects are not followed",
        EgressOutcome.Answered => $"HTTP {Answer.Status}",
        EgressOutcome.Refused => "the address is not public, or not as it must be",
        EgressOutcome.NameNotFound => "the name of the host leads nowhere",
        EgressOutcome.ConnectFailed => "no connection",
        EgressOutcome.TlsFailed => "TLS failed, or the certificate is not valid",
        EgressOutcome.TimedOut => "no answer in time",
        EgressOutcome.TooLarge => "the headers of the answer are too large",
        _ => "the answer is not HTTP, or broke off",
    };

    /// <summary>The beginning of the body as text that a database takes.</summary>
    public string BodyText
    {
        get
        {
            var text = Encoding.UTF8.GetString(Answer.Body.Span).Replace('\0', '\uFFFD');
            return text.Length > DeliveryAttempt.MaxBody ? text[..DeliveryAttempt.MaxBody] : text;
        }
    }
}
