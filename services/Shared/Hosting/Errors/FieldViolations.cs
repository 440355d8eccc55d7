using System.Buffers;
using System.Collections;
using Google.Rpc;

namespace Microservices.Hosting.Errors;

/// <summary>
/// Collects what is wrong with a request, field by field, so that the caller hears of everything at once. Fields are named as in
/// the contract, with the path to them: <c>lines[2].quantity</c>. The first <see cref="ErrorBounds.MaxViolations"/> are kept and the others
/// counted, and what is too long is cut: a request may have a hundred thousand things wrong with it.
/// </summary>
public sealed class FieldViolations : IEnumerable<BadRequest.Types.FieldViolation>
{
    private const int MaxIdLength = 64;
    private const int MaxIdempotencyKeyLength = 128;
    private static readonly SearchValues<char> InId = SearchValues.Create("-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz");
    private readonly List<BadRequest.Types.FieldViolation> violations = [];

    /// <summary>Whether there is anything wrong.</summary>
    public bool Any => Total > 0;

    /// <summary>How many there are, those included that are not kept.</summary>
    public int Total { get; private set; }

    /// <summary>Adds one.</summary>
    public void Add(string field, string description)
    {
        Total++;
        if (violations.Count < ErrorBounds.MaxViolations)
            violations.Add(ErrorBounds.Violation(field, description));
    }

    /// <summary>An id: 1 to 64 letters, digits, '-', '_' and '.', beginning with a letter or digit.</summary>
    public void CheckId(string field, string value)
    {
        if (value.Length == 0)
            Add(field, "is required");
        else if (!IsId(value))
            Add(field, $"must be 1 to {MaxIdLength} letters, digits, '-', '_' or '.', beginning with a letter or digit");
    }

    /// <summary>Whether <see cref="CheckId"/> finds nothing wrong with it.</summary>
    public static bool IsId(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return value.Length is > 0 and <= MaxIdLength && char.IsAsciiLetterOrDigit(value[0]) && !value.AsSpan().ContainsAnyExcept(InId);
    }

    /// <summary>
    /// Text of 1 to <paramref name="maxLength"/> characters as a person counts them (grapheme clusters), in at most
    /// <paramref name="maxBytes"/> bytes of UTF-8 (4 for each character unless said otherwise), of which something can be seen. It has no control
    /// characters, none that are invisible (joiners and variation selectors are taken where they shape a neighbour) or that change the direction
    /// of others, and was valid UTF-8 on the wire (what was not arrives as U+FFFD).
    /// </summary>
    public void CheckText(string field, string value, int maxLength, int? maxBytes = null)
    {
        ArgumentNullException.ThrowIfNull(value);
        if (VisibleText.Problem(value, maxLength, maxBytes ?? 4 * maxLength) is { } problem)
            Add(field, problem);
    }

    /// <summary>An idempotency key: empty for none, else at most 128 visible ASCII characters.</summary>
    public void CheckIdempotencyKey(string field, string value)
    {
        if (value.Length > MaxIdempotencyKeyLength || value.Any(c => c is < '!' or > '~'))
            Add(field, $"must be at most {MaxIdempotencyKeyLength} visible ASCII characters");
    }

    /// <summary>A page size as asked for: negative is wrong, 0 is the default, and more than the maximum is the maximum.</summary>
    public int PageSize(string field, int value, int defaultSize, int maxSize)
    {
        if (value < 0)
            Add(field, "must not be negative");
        return value <= 0 ? defaultSize : Math.Min(value, maxSize);
    }

    /// <summary>
    /// The position in a page token; empty for the first page. What is no position by <paramref name="isPosition"/> is as wrong as what is no
    /// token: anybody can make one up.
    /// </summary>
    public string PagePosition(string field, string list, string token, Predicate<string> isPosition)
    {
        ArgumentNullException.ThrowIfNull(token);
        ArgumentNullException.ThrowIfNull(isPosition);
        if (token.Length == 0)
            return "";
        if (PageToken.TryDecode(list, token, out var position) && isPosition(position))
            return position;
        Add(field, "is not the token that an earlier page of this list gave for the next");
        return "";
    }

    /// <summary>Throws INVALID_ARGUMENT with all of them, if there are any.</summary>
    /// <exception cref="StatusException">Something is wrong.</exception>
    public void ThrowIfAny(ErrorDomain domain)
    {
        if (Any)
            throw new StatusException(domain.Invalid(this));
    }

    /// <inheritdoc/>
    public IEnumerator<BadRequest.Types.FieldViolation> GetEnumerator() => violations.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
