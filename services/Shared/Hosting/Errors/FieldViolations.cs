using System.Buffers;
using System.Collections;
using Google.Rpc;

namespace Microservices.Hosting.Errors;

/// <summary>
/// Collects what is wrong with a request, field by field, so that the caller learns of everything at once. Fields are named as in
/// the contract, with the path to them: <c>lines[2].quantity</c>. The first <see cref="ErrorBounds.MaxViolations"/> are kept and the others are
/// counted, and long texts are cut: a request may have a hundred thousand errors.
/// </summary>
public sealed class FieldViolations : IEnumerable<BadRequest.Types.FieldViolation>
{
    private const int MaxIdLength = 64;
    private const int MaxIdempotencyKeyLength = 128;
    private static readonly SearchValues<char> InId = SearchValues.Create("-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz");
    private readonly List<BadRequest.Types.FieldViolation> violations = [];

    /// <summary>Whether there are any.</summary>
    public bool Any => Total > 0;

    /// <summary>How many there are, including those that are not kept.</summary>
    public int Total { get; private set; }

    /// <summary>Adds a violation.</summary>
    public void Add(string field, string description)
    {
        Total++;
        if (violations.Count < ErrorBounds.MaxViolations)
            violations.Add(ErrorBounds.Violation(field, description));
    }

    /// <summary>Checks an id: 1 to 64 letters, digits, '-', '_' and '.', beginning with a letter or digit.</summary>
    public void CheckId(string field, string value)
    {
        if (value.Length == 0)
            Add(field, "is required");
        else if (!IsId(value))
            Add(field, $"must be 1 to {MaxIdLength} letters, digits, '-', '_' or '.', beginning with a letter or digit");
    }

    /// <summary>Whether <see cref="CheckId"/> accepts the value.</summary>
    public static bool IsId(string value) =>
        value.Length is > 0 and <= MaxIdLength && char.IsAsciiLetterOrDigit(value[0]) && !value.AsSpan().ContainsAnyExcept(InId);

    /// <summary>
    /// Checks text of 1 to <paramref name="maxLength"/> characters as a person counts them (grapheme clusters), in at most
    /// <paramref name="maxBytes"/> bytes of UTF-8 (4 for each character by default). Some of it must be visible. It must have no control
    /// characters, no invisible ones (joiners and variation selectors are accepted where they shape a neighbour) and none that change the
    /// direction of others, and it must have been valid UTF-8 on the wire (invalid bytes arrive as U+FFFD).
    /// </summary>
    public void CheckText(string field, string value, int maxLength, int? maxBytes = null)
    {
        if (VisibleText.Problem(value, maxLength, maxBytes ?? 4 * maxLength) is { } problem)
            Add(field, problem);
    }

    /// <summary>Checks an idempotency key: empty for none, otherwise at most 128 visible ASCII characters.</summary>
    public void CheckIdempotencyKey(string field, string value)
    {
        if (value.Length > MaxIdempotencyKeyLength || value.Any(c => c is < '!' or > '~'))
            Add(field, $"must be at most {MaxIdempotencyKeyLength} visible ASCII characters");
    }

    /// <summary>The page size for what was asked for: a negative one is a violation, 0 is the default, and the maximum is the most.</summary>
    public int PageSize(string field, int value, int defaultSize, int maxSize)
    {
        if (value < 0)
            Add(field, "must not be negative");
        return value <= 0 ? defaultSize : Math.Min(value, maxSize);
    }

    /// <summary>
    /// The position in a page token; empty for the first page. A token whose position <paramref name="isPosition"/> does not accept is as much a
    /// violation as one that cannot be decoded: anybody can make one up.
    /// </summary>
    public string PagePosition(string field, string list, string token, Predicate<string> isPosition)
    {
        if (token.Length == 0)
            return "";
        if (PageToken.TryDecode(list, token, out var position) && isPosition(position))
            return position;
        Add(field, "is not the token that an earlier page of this list gave for the next");
        return "";
    }

    /// <summary>Throws INVALID_ARGUMENT with all violations, if there are any.</summary>
    /// <exception cref="StatusException">There are violations.</exception>
    public void ThrowIfAny(ErrorDomain domain)
    {
        if (Any)
            throw new StatusException(domain.Invalid(this));
    }

    /// <inheritdoc/>
    public IEnumerator<BadRequest.Types.FieldViolation> GetEnumerator() => violations.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
